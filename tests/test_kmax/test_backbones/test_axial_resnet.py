"""Axial-ResNet-50: size, features, drop rates, training."""

import pytest
import torch
from mmdet.registry import MODELS

from mmremax.kmax.backbones.axial_resnet import AxialResNet, drop_path_rates
from tests.helpers.meta import on_meta

STRIDES = (2, 4, 8, 16, 32)
SMALL = dict(
    stem_channels=(4, 4, 8),
    base_channels=(4, 4, 8, 8),
    num_blocks=(1, 1, 2, 2),
    num_axial_blocks=(0, 0, 1, 2),
    num_heads=2,
)


def test_parameters_are_deeplab2s():
    with on_meta():
        backbone = AxialResNet(strides=STRIDES)
    assert sum(p.numel() for p in backbone.parameters()) == 41_343_424
    assert backbone.feature_channels == (128, 256, 512, 1024, 2048)
    axial = [
        [hasattr(block.middle, 'attention') for block in stage]
        for stage in backbone.stages
    ]
    assert axial == [
        [False] * 3,
        [False] * 4,
        [False] + [True] * 5,
        [True] * 3,
    ]


@pytest.mark.parametrize(('height', 'width'), [(65, 97), (64, 96), (33, 64)])
@torch.no_grad()
def test_sizes(height, width):
    backbone = AxialResNet(**SMALL, strides=STRIDES).eval()
    feats = backbone(torch.randn(1, 3, height, width))
    assert [tuple(feat.shape[1:]) for feat in feats] == [
        (c, -(-height // s), -(-width // s))
        for c, s in zip(backbone.feature_channels, STRIDES, strict=True)
    ]


def test_drop_path_rates_are_deeplab2s():
    """Keep 0.8: 1.0, .85 x 5 in stage 4 and .85, .8, .8 in stage 5."""
    rates = drop_path_rates(0.2, (3, 4, 6, 3))
    assert rates[:2] == [[0.0] * 3, [0.0] * 4]
    assert rates[2] == pytest.approx([0.0, *[0.15] * 5])
    assert rates[3] == pytest.approx([0.15, 0.2, 0.2])
    backbone = AxialResNet(**SMALL, drop_path_rate=0.4)
    built = [
        [b.drop_path.drop_prob for b in stage] for stage in backbone.stages
    ]
    assert built == drop_path_rates(0.4, SMALL['num_blocks'])


def test_every_parameter_gets_a_gradient():
    """Also those of the branches, whose last scale starts at 0."""
    backbone = AxialResNet(**SMALL, strides=STRIDES, drop_path_rate=0.0)
    feats = backbone(torch.randn(2, 3, 64, 96))
    sum(feat.square().mean() for feat in feats).backward()
    for name, parameter in backbone.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize(
    ('key', 'text'),
    [(dict(strides=(4, 64)), '64'), (dict(num_blocks=(3, 4)), 'one length')],
)
def test_bad_keys_are_named(key, text):
    with pytest.raises(ValueError, match=text):
        MODELS.build(dict(type='AxialResNet', **key))
