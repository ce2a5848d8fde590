"""kMaX-DeepLab's own semantic branch: it helps the backbone learn.

Training only. Letters: B images, C channels, H W of the stated stride,
K classes without no_object.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmengine.dist import get_world_size
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import (
    ConvNormAct,
    aligns_corners,
    conv1x1_logits,
    depthwise_separable,
    resize_like_kmax,
)


class ASPP(nn.Module):
    """Looks at each position in several surroundings and at the whole image.

    Paper: DeepLabv3, atrous spatial pyramid pooling.

    Args:
        channels: Of every branch and of the output.
        rates: Dilation of each 3x3 branch, in positions.
        dropout: Probability, on the output.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int = 256,
        rates: Sequence[int] = (6, 12, 18),
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList([ConvNormAct(in_channels, channels)])
        for rate in rates:
            self.branches.append(
                ConvNormAct(in_channels, channels, 3, dilation=rate)
            )
        self.image_branch = ConvNormAct(in_channels, channels)
        self.project = ConvNormAct((len(rates) + 2) * channels, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Run all branches; the width of x decides on the alignment.

        (B, in_channels, H, W) to (B, channels, H, W), activated.
        """
        image = resize_like_kmax(
            self.image_feature(x), x.shape[-2:], aligns_corners(x.shape[-1])
        )
        branches = [branch(x) for branch in self.branches]
        return self.dropout(self.project(torch.cat([*branches, image], dim=1)))

    def image_feature(self, x: Tensor) -> Tensor:
        """Summarise each image. (B, in_channels, H, W) to (B, channels, 1, 1).

        One image in one process gives one value per channel, which has no
        variance: in training the norm then uses its running statistics,
        where the published code fails.
        """
        conv, norm, act = self.image_branch
        pooled = conv(x.mean(dim=(2, 3), keepdim=True))
        if not norm.training or len(x) > 1 or _is_synchronised(norm):
            return act(norm(pooled))
        return act(
            F.batch_norm(
                pooled,
                norm.running_mean,
                norm.running_var,
                norm.weight,
                norm.bias,
                eps=norm.eps,
            )
        )


def _is_synchronised(norm: nn.Module) -> bool:
    """Return whether the norm's batch spans several processes."""
    return isinstance(norm, nn.SyncBatchNorm) and get_world_size() > 1


@MODELS.register_module()
class KMaXSemanticDecoder(BaseModule):
    """Predicts the class of each pixel from backbone features.

    Paper: the semantic decoder of Panoptic-DeepLab, on the features of
    strides 32, 8 and 4.

    Args:
        in_channels: Of the backbone's features, lowest stride first; the
            last four are of strides 4, 8, 16, 32.
        with_void: Whether void is an output of its own, the last.
        channels: Of ASPP and of the fused features.
        low_level_channels: To which strides 8 and 4 are projected.
        rates: Dilations of ASPP, in positions.
        dropout: Probability, after ASPP.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int] = (256, 512, 1024, 2048),
        with_void: bool = True,
        channels: int = 256,
        low_level_channels: Sequence[int] = (64, 32),
        rates: Sequence[int] = (6, 12, 18),
        dropout: float = 0.1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        stride_4, stride_8, _, stride_32 = in_channels[-4:]
        self.aspp = ASPP(stride_32, channels, rates, dropout)
        self.low_level_projections = nn.ModuleList(
            map(ConvNormAct, (stride_8, stride_4), low_level_channels)
        )
        self.fuses = nn.ModuleList(
            depthwise_separable(channels + low, channels)
            for low in low_level_channels
        )
        self.head = nn.Sequential(
            OrderedDict(
                separable=depthwise_separable(channels, channels),
                classifier=conv1x1_logits(channels, num_classes + with_void),
            )
        )

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Predict semantic logits of stride 4. (B, K or K + 1, H, W).

        The last four features have strides 4, 8, 16, 32; the width of the last
        decides on the alignment.
        """
        stride_4, stride_8, _, stride_32 = feats[-4:]
        align_corners = aligns_corners(stride_32.shape[-1])
        x = self.aspp(stride_32)
        for feat, project, fuse in zip(
            (stride_8, stride_4),
            self.low_level_projections,
            self.fuses,
            strict=True,
        ):
            low_level = project(feat)
            x = resize_like_kmax(x, feat.shape[-2:], align_corners)
            x = fuse(torch.cat([x, low_level], dim=1))
        return self.head(x)


@MODELS.register_module()
class KMaXSemanticClassifier(BaseModule):
    """Predicts the class of each stride-32 position; training only.

    kMaX-DeepLab's auxiliary branch on Cityscapes, in the place of
    KMaXSemanticDecoder. Of the backbone's features only the last is read.

    Paper: kMaX-DeepLab, published code.

    Args:
        with_void: Whether void is an output of its own, the last.
        channels: In front of the last convolution.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int] = (256, 64, 512, 1024, 2048),
        with_void: bool = False,
        channels: int = 256,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.separable = depthwise_separable(in_channels[-1], channels)
        self.classifier = conv1x1_logits(channels, num_classes + with_void)

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Predict semantic logits of stride 32. (B, K or K + 1, H, W)."""
        return self.classifier(self.separable(feats[-1]))
