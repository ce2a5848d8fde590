"""ConvNeXt: sizes, padding, rates, and that mmpretrain's weights load.

Its values are tested in test_golden_networks.py.
"""

import pytest
import torch
from mmpretrain.models import ConvNeXt
from torch import nn

from mmremax.kmax.backbones.convnext import KMaXConvNeXt

SMALL = dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32])


def evaluating(backbone):
    backbone.eval()  # mmpretrain's returns nothing
    return backbone


@pytest.mark.parametrize('with_stem', [False, True])
@pytest.mark.parametrize(('height', 'width'), [(65, 97), (64, 96), (33, 64)])
@torch.no_grad()
def test_sizes(with_stem, height, width):
    backbone = evaluating(KMaXConvNeXt(SMALL, with_stem))
    feats = backbone(torch.randn(1, 3, height, width))
    strides = (4,) * with_stem + (4, 8, 16, 32)
    assert [tuple(feat.shape[1:]) for feat in feats] == [
        (channels, -(-height // stride), -(-width // stride))
        for channels, stride in zip(
            backbone.feature_channels, strides, strict=True
        )
    ]


@torch.no_grad()
def test_padding_of_a_downsampler_carries_the_bias_of_its_norm():
    backbone = evaluating(KMaXConvNeXt(SMALL))
    norm, conv = backbone.downsample_layers[1]
    nn.init.constant_(norm.bias, 3.0)
    seen = []
    conv.register_forward_hook(lambda *args: seen.append(args[1][0]))
    backbone(torch.randn(1, 3, 64, 64))
    (padded,) = seen
    assert padded.shape[2:] == (17, 17)
    assert (padded[:, :, -1] == 3).all()
    assert (padded[:, :, :, -1] == 3).all()
    assert not (padded[:, :, 0, :-1] == 3).any()


def test_mmpretrains_weights_load_but_for_the_norm_behind():
    theirs = ConvNeXt(SMALL).state_dict()
    misfits = KMaXConvNeXt(SMALL).load_state_dict(theirs, strict=False)
    assert misfits.missing_keys == []
    assert misfits.unexpected_keys == ['norm3.weight', 'norm3.bias']


def test_drop_path_grows_with_depth():
    backbone = KMaXConvNeXt('tiny', drop_path_rate=0.34)
    rates = [
        getattr(block.drop_path, 'drop_prob', 0.0)
        for stage in backbone.stages
        for block in stage
    ]
    assert rates == pytest.approx([0.02 * j for j in range(18)])
