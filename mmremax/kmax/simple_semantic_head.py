"""A semantic head without a decoder that helps the backbone learn.

Letters: B images, C channels, H W of the stated stride, K classes without
no_object.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from .conv_norm_act import (
    conv1x1_logits,
    depthwise_separable,
)


@MODELS.register_module()
class SimpleSemanticHead(BaseModule):
    """Predicts the class of each stride-32 position; training only.

    kMaX-DeepLab's auxiliary branch on Cityscapes, in the place of
    AuxiliarySemanticHead.

    Paper: kMaX-DeepLab, published code.

    Args:
        num_classes: K.
        in_channels: Of the backbone's features, lowest stride first; only
            the last is read.
        with_void: Whether void is an output of its own, the last.
        channels: In front of the last convolution.
        init_cfg: Of the parent.
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
        """Predict.

        Args:
            feats: Backbone features, lowest stride first. (B, C, H, W) each.

        Returns:
            Semantic logits of stride 32. (B, K or K + 1, H, W).
        """
        return self.classifier(self.separable(feats[-1]))
