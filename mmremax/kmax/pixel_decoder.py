"""From backbone features to memories and the mask feature.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from .layers import (
    ChannelLayerNorm,
    ConvNormAct,
    aligns_corners,
    resize_like_kmax,
)
from .residual_block import axial_block, bottleneck_block

NUM_MEMORIES = 3


class ResizedFuse(nn.Module):
    """Adds a feature of low resolution to one of higher resolution.

    A branch that has `out_channels` already is neither activated nor
    projected.
    """

    def __init__(
        self, low_channels: int, high_channels: int, out_channels: int
    ) -> None:
        super().__init__()
        self.low = _projection(low_channels, out_channels)
        self.high = _projection(high_channels, out_channels)

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        """Project both, resize `low` to `high` and add.

        The width of `low` decides on the alignment. Neither it nor the sum is
        activated. (B, low_channels, h, w) and (B, high_channels, H, W) to
        (B, out_channels, H, W).
        """
        align_corners = aligns_corners(low.shape[-1])
        high = self.high(high)
        return high + resize_like_kmax(
            self.low(low), high.shape[-2:], align_corners
        )


def _projection(in_channels: int, out_channels: int) -> nn.Module:
    """Build GELU and 1x1 convolution, or nothing for equal channels."""
    if in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        nn.GELU(), ConvNormAct(in_channels, out_channels, act=False)
    )


@MODELS.register_module()
class KMaXPixelDecoder(BaseModule):
    """Enhances the backbone's features from the lowest resolution upwards.

    Paper: kMaX-DeepLab, pixel decoder.

    Args:
        in_channels: Of the backbone's features, the one of the masks first:
            strides 4, 8, 16, 32; Cityscapes has one more in front, of
            stride 4 or 2.
        base_channels: Width f of each stage, highest stride first; the
            outputs of the stage have 4 f channels.
        num_blocks: Of each stage.
        block_types: `axial` or `bottleneck`, of each stage.
        num_heads: Of axial attention.
        dilation: Of the bottlenecks' 3x3 convolution, 1 or 2.

    Attributes:
        memory_channels: Of the first three outputs.
        mask_feature_channels: Of the last output.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (256, 512, 1024, 2048),
        base_channels: Sequence[int] = (512, 256, 128, 64),
        num_blocks: Sequence[int] = (1, 5, 1, 1),
        block_types: Sequence[str] = (
            'axial',
            'axial',
            'bottleneck',
            'bottleneck',
        ),
        num_heads: int = 8,
        dilation: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        settings = (in_channels, base_channels, num_blocks, block_types)
        if len({*map(len, settings)}) != 1 or len(in_channels) <= NUM_MEMORIES:
            raise ValueError(
                'KMaXPixelDecoder needs in_channels, base_channels, '
                'num_blocks and block_types of one length, at least '
                f'{NUM_MEMORIES + 1}: got {settings}.'
            )
        build_block = {
            'axial': lambda c, f: axial_block(c, f, num_heads),
            'bottleneck': lambda c, f: bottleneck_block(c, f, dilation),
        }
        self.in_channels = tuple(in_channels)
        in_channels = self.in_channels[::-1]  # highest stride first
        out_channels = tuple(4 * base for base in base_channels)
        self.memory_channels = out_channels[:NUM_MEMORIES]
        self.mask_feature_channels = out_channels[-1]
        self.input_norms = nn.ModuleList(map(ChannelLayerNorm, in_channels))
        self.fuses = nn.ModuleList(
            map(ResizedFuse, out_channels, in_channels[1:], base_channels[1:])
        )
        self.stages = nn.ModuleList()
        for stage, block_type in enumerate(block_types):
            base, out = base_channels[stage], out_channels[stage]
            first = base if stage else in_channels[0]
            widths = [first] + [out] * (num_blocks[stage] - 1)
            self.stages.append(
                nn.Sequential(
                    *(build_block[block_type](w, base) for w in widths)
                )
            )

    def forward(self, feats: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Run all stages, from the feature of stride 32, the last, upwards.

        Returns:
            The memories of strides 32, 16 and 8 (B, C, H, W), and the mask
            feature, of the stride of the first backbone feature; none of
            them activated.
        """
        normed = [
            norm(feat)
            for norm, feat in zip(
                self.input_norms, reversed(feats), strict=True
            )
        ]
        x = self.stages[0](normed[0])
        outputs = [x]
        for fuse, stage, high in zip(
            self.fuses, self.stages[1:], normed[1:], strict=True
        ):
            x = stage(fuse(x, high))
            outputs.append(x)
        return outputs[:NUM_MEMORIES], outputs[-1]
