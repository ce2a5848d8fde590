"""mmpretrain's MobileNetV3 with the endpoints that deeplab2 reads.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from mmdet.registry import MODELS
from mmpretrain.models import MobileNetV3
from torch import Tensor, nn

from .resnet import NORM


@MODELS.register_module()
class KMaXMobileNetV3(MobileNetV3):
    """One feature for each stride, taken inside the last block of it.

    The endpoint of a block is its depthwise output: after batch norm and
    activation, before squeeze-excite and projection, and so wider than what
    the block hands on. The endpoint of a plain convolution (the first layer,
    and the last at stride 32) is its output. Parameters have mmpretrain's
    names, so that its checkpoints load.

    Paper: MobileNetV3 Table 1 and 2; ReMaX Table 12 (the sizes).

    Args:
        arch: 'small' or 'large'; see mmpretrain.
        strides: Of the features to return, ascending, from 2 to 32.
        endpoints: 'depthwise', or 'block' for the blocks' outputs.
        squeeze_excite: Gate of squeeze-excite: 'hard_sigmoid', which
            mmpretrain's weights were trained with, or 'sigmoid', deeplab2's.
        norm_eval: Whether batch norms keep their statistics in training.
        with_cp: Whether to recompute activations in the backward pass; does
            not reach the blocks whose inside is an endpoint.

    Attributes:
        feature_channels: Of each returned feature. Depthwise: Small
            16, 16, 88, 144, 576 and Large 16, 72, 120, 672, 960 at strides
            2, 4, 8, 16, 32.

    Raises:
        ValueError: `endpoints` or `squeeze_excite` is unknown, or there is
            no layer of one of the strides.
    """

    def __init__(
        self,
        arch: str = 'small',
        strides: Sequence[int] = (4, 8, 16, 32),
        endpoints: str = 'depthwise',
        squeeze_excite: str = 'hard_sigmoid',
        norm_cfg: dict = NORM,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        if endpoints not in ('depthwise', 'block'):
            raise ValueError(f'KMaXMobileNetV3: endpoints={endpoints!r}.')
        if squeeze_excite not in ('hard_sigmoid', 'sigmoid'):
            raise ValueError(
                f'KMaXMobileNetV3: squeeze_excite={squeeze_excite!r}.'
            )
        layer_of = _last_layers(self.arch_settings[arch])
        missing = set(strides) - set(layer_of)
        if missing:
            raise ValueError(
                f'KMaXMobileNetV3: strides={tuple(strides)}, but it has '
                f'features of {sorted(layer_of)} only.'
            )
        with warnings.catch_warnings():
            # mmcv's note on a default of HSigmoid that changed long ago.
            warnings.filterwarnings('ignore', 'In MMCV v1.4.4')
            super().__init__(
                arch=arch,
                norm_cfg=norm_cfg,
                out_indices=tuple(layer_of[stride] for stride in strides),
                norm_eval=norm_eval,
                with_cp=with_cp,
                **({} if init_cfg is None else dict(init_cfg=init_cfg)),
            )
        self.endpoints = endpoints
        if squeeze_excite == 'sigmoid':
            for name in self.layers:
                if squeeze := getattr(getattr(self, name), 'se', None):
                    squeeze.conv2.activate = nn.Sigmoid()
        self.feature_channels = tuple(
            self._endpoint_channels(index) for index in self.out_indices
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return one feature for each of the strides. (B, C, H, W) each."""
        feats = []
        for index, name in enumerate(self.layers):
            layer = getattr(self, name)
            if index not in self.out_indices:
                x = layer(x)
                continue
            inside = self.endpoints == 'depthwise' and _is_block(layer)
            feat, x = _run_block(layer, x) if inside else (layer(x),) * 2
            feats.append(feat)
        return tuple(feats)

    def _endpoint_channels(self, index: int) -> int:
        """Channels of the endpoint of a layer."""
        layer = getattr(self, self.layers[index])
        if not _is_block(layer):
            return layer.out_channels
        inside = self.endpoints == 'depthwise'
        conv = layer.depthwise_conv if inside else layer.linear_conv
        return conv.out_channels


def _last_layers(blocks: Sequence[Sequence]) -> dict[int, int]:
    """Map each stride to the index of the last layer that has it.

    `blocks` are mmpretrain's settings; each ends with the block's stride.
    """
    stride = 2  # of layer 0
    layer_of = {stride: 0}
    for index, block in enumerate(blocks, start=1):
        stride *= block[-1]
        layer_of[stride] = index
    layer_of[stride] += 1  # the 1x1 convolution after the blocks
    return layer_of


def _is_block(layer: nn.Module) -> bool:
    """Tell an inverted residual block from a plain convolution."""
    return hasattr(layer, 'depthwise_conv')


def _run_block(block: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return a block's depthwise output and its output."""
    inner = block.expand_conv(x) if block.with_expand_conv else x
    depthwise = block.depthwise_conv(inner)
    inner = block.se(depthwise) if block.with_se else depthwise
    out = block.linear_conv(inner)
    if block.with_res_shortcut:
        out = x + block.drop_path(out)
    return depthwise, out
