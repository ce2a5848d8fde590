"""mmpretrain's ResNet with its stem as a fifth feature.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

from mmdet.registry import MODELS
from mmpretrain.models import ResNet
from torch import Tensor

NORM = dict(type='BN', eps=1e-3, momentum=0.01)


@MODELS.register_module()
class KMaXResNet(ResNet):
    """ResNet for a pixel decoder of five stages (Cityscapes).

    The published PyTorch code takes the stem after its max-pool, at
    stride 4, and feeds it before res2: the masks are made from res2, also
    at stride 4. deeplab2 takes the stem at stride 2, and feeds it last: the
    masks have stride 2. Parameters have mmpretrain's names, so that its
    checkpoints load.

    Paper: kMaX-DeepLab, published code of both.

    Args:
        mask_stride: 4 for the first layout, 2 for the second.
        norm_eval: Whether batch norms keep their statistics in training.
        zero_init_residual: Whether a block starts as its shortcut.
        with_cp: Whether to recompute activations in the backward pass.

    Attributes:
        feature_channels: Of each returned feature; ResNet-50 has 256, 64,
            512, 1024, 2048 for masks of stride 4, and 64, 256, 512, 1024,
            2048 for stride 2.

    Raises:
        ValueError: `mask_stride` is neither.
    """

    def __init__(
        self,
        depth: int = 50,
        mask_stride: int = 4,
        norm_cfg: dict = NORM,
        norm_eval: bool = False,
        zero_init_residual: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        if mask_stride not in (2, 4):
            raise ValueError(
                f'KMaXResNet: mask_stride={mask_stride}; it can be 2 or 4.'
            )
        super().__init__(
            depth=depth,
            out_indices=(0, 1, 2, 3),
            norm_cfg=norm_cfg,
            norm_eval=norm_eval,
            zero_init_residual=zero_init_residual,
            with_cp=with_cp,
            **({} if init_cfg is None else dict(init_cfg=init_cfg)),
        )
        self.mask_stride = mask_stride
        res2, *others = (
            self.feat_dim >> shift for shift in range(self.num_stages)[::-1]
        )
        stem = self.stem_channels
        first_two = (res2, stem) if mask_stride == 4 else (stem, res2)
        self.feature_channels = (*first_two, *others)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Extract activated features of normalised images. (B, C, H, W) each.

        Returns:
            The feature of the masks first: res2, stem, res3, res4, res5 at
            strides 4, 4, 8, 16, 32; or stem, res2, res3, res4, res5 at
            strides 2, 4, 8, 16, 32.
        """
        stem = self.relu(self.norm1(self.conv1(x)))
        pooled = self.maxpool(stem)
        feats = [pooled]
        for name in self.res_layers:
            feats.append(getattr(self, name)(feats[-1]))
        res2, *others = feats[1:]
        first_two = (res2, pooled) if self.mask_stride == 4 else (stem, res2)
        return (*first_two, *others)
