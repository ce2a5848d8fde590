"""mmpretrain's ConvNeXt, padded for odd sizes and without output norms.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

from mmdet.registry import MODELS
from mmpretrain.models import ConvNeXt
from torch import Tensor
from torch.nn import functional as F

# Left, right, top, bottom, in positions.
STEM_PADDING = (1, 2, 1, 2)
DOWNSAMPLE_PADDING = (0, 1, 0, 1)


@MODELS.register_module()
class KMaXConvNeXt(ConvNeXt):
    """ConvNeXt whose stride-s feature of a side n has ceil(n / s) positions.

    Zeros are added before the stem, more of them right and below, and
    before each downsampler: there before its layer norm, so that padded
    positions carry the norm's bias. The features are the raw outputs of the
    stages. Parameters have mmpretrain's names, so that its checkpoints load.

    Paper: ConvNeXt; kMaX-DeepLab, published code (the padding).

    Args:
        arch: 'tiny', 'small', 'base' or 'large'; see mmpretrain.
        with_stem: Whether to return the output of the stem, too.
        drop_path_rate: Probability to drop the last block's branch; that of
            the others grows linearly from 0.
        with_cp: Whether to recompute activations in the backward pass.

    Attributes:
        feature_channels: Of each returned feature, lowest stride first:
            Tiny and Small 96, 192, 384, 768; Base 128, 256, 512, 1024;
            Large 192, 384, 768, 1536; the stem has those of stride 4.
    """

    def __init__(
        self,
        arch: str = 'tiny',
        with_stem: bool = False,
        drop_path_rate: float = 0.0,
        with_cp: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(
            arch=arch,
            drop_path_rate=drop_path_rate,
            out_indices=(),  # no output norms
            with_cp=with_cp,
            **({} if init_cfg is None else dict(init_cfg=init_cfg)),
        )
        self.with_stem = with_stem
        self.feature_channels = (self.channels[0],) * with_stem + tuple(
            self.channels
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Extract features of normalised images. (B, C, H, W) each.

        Returns:
            The stem's output if wanted (stride 4), and the stages' outputs,
            strides 4, 8, 16, 32; none of them normed nor activated but the
            stem's, which ends with its norm.
        """
        feats = []
        padding = STEM_PADDING
        for downsample, stage in zip(
            self.downsample_layers, self.stages, strict=True
        ):
            x = downsample(F.pad(x, padding))
            if self.with_stem and not feats:
                feats.append(x)
            x = stage(x)
            feats.append(x)
            padding = DOWNSAMPLE_PADDING
        return tuple(feats)
