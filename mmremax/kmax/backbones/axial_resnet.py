"""Axial-ResNet: a ResNet whose last stages attend along the image's axes.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmremax.kmax.layers import ConvNormAct
from mmremax.kmax.residual_block import axial_block, bottleneck_block


@MODELS.register_module()
class AxialResNet(BaseModule):
    """MaX-S with GELU: bottlenecks, then axial attention; pre-activated.

    Three 3x3 convolutions without pooling make the stem; each stage starts
    with a block of stride 2. The same blocks make up the pixel decoder.

    Paper: Axial-DeepLab; MaX-DeepLab (MaX-S); kMaX-DeepLab, deeplab2's
    `axial_resnet50` as its backbone.

    Args:
        stem_channels: Of the three convolutions of the stem.
        base_channels: Width f of the stages; their outputs have 4 f
            channels.
        num_axial_blocks: The last so many blocks of each stage are axial.
        strides: Of the features to return, ascending, from 2 to 32.
        drop_path_rate: Probability to drop the branch of a block of the last
            stage; see `drop_path_rates`.

    Attributes:
        feature_channels: Of each returned feature: 128, 256, 512, 1024,
            2048 at strides 2, 4, 8, 16, 32.

    Raises:
        ValueError: The stages' settings differ in length, or there is no
            feature of one of the strides.
    """

    def __init__(
        self,
        stem_channels: Sequence[int] = (64, 64, 128),
        base_channels: Sequence[int] = (64, 128, 256, 512),
        num_blocks: Sequence[int] = (3, 4, 6, 3),
        num_axial_blocks: Sequence[int] = (0, 0, 5, 3),
        num_heads: int = 8,
        strides: Sequence[int] = (4, 8, 16, 32),
        drop_path_rate: float = 0.2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        settings = (base_channels, num_blocks, num_axial_blocks)
        if len({len(setting) for setting in settings}) != 1:
            raise ValueError(
                'AxialResNet needs base_channels, num_blocks and '
                f'num_axial_blocks of one length: got {settings}.'
            )
        out_channels = [
            stem_channels[-1],
            *(4 * base for base in base_channels),
        ]
        channels_of = {2 << i: c for i, c in enumerate(out_channels)}
        missing = set(strides) - set(channels_of)
        if missing:
            raise ValueError(
                f'AxialResNet: strides={tuple(strides)}, but it has features '
                f'of {list(channels_of)} only.'
            )
        self.strides = tuple(strides)
        self.feature_channels = tuple(channels_of[s] for s in strides)
        first, second, third = stem_channels
        self.stem = nn.Sequential(
            ConvNormAct(3, first, 3, stride=2),
            ConvNormAct(first, second, 3),
            ConvNormAct(second, third, 3, act=False),
        )
        self.stages = nn.ModuleList()
        rates = drop_path_rates(drop_path_rate, num_blocks)
        for index, base in enumerate(base_channels):
            num_bottlenecks = num_blocks[index] - num_axial_blocks[index]
            blocks = []
            for block, rate in enumerate(rates[index]):
                common = dict(
                    in_channels=out_channels[index + bool(block)],
                    base_channels=base,
                    stride=1 if block else 2,
                    drop_path_rate=rate,
                )
                blocks.append(
                    bottleneck_block(**common)
                    if block < num_bottlenecks
                    else axial_block(num_heads=num_heads, **common)
                )
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return a feature (B, C, H, W) for each stride, not activated."""
        x = self.stem(x)
        feats = {2: x}
        for index, stage in enumerate(self.stages, start=1):
            x = stage(x)
            feats[2 << index] = x
        return tuple(feats[stride] for stride in self.strides)


def drop_path_rates(
    rate: float, num_blocks: Sequence[int]
) -> list[list[float]]:
    """Give each block its rate, which grows with the stage.

    Blocks whose input has stride 16 or more are dropped, those of stage i of
    n at rate * i / n; the first block of a stage reads the features of the
    stage before, and has its rate. The first stage has stride 4.

    Returns:
        Rates of the blocks of each stage.
    """
    rates, before = [], 0.0
    for index, count in enumerate(num_blocks):
        own = rate * (index + 1) / len(num_blocks) if 4 << index >= 16 else 0.0
        rates.append([before] + [own] * (count - 1))
        before = own
    return rates
