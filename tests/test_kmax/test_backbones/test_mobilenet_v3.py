"""MobileNetV3: endpoints, sizes, and that mmpretrain's weights load."""

import pytest
import torch
from mmdet.registry import MODELS
from mmpretrain.models import MobileNetV3

from mmremax.kmax.backbones.mobilenet_v3 import KMaXMobileNetV3

STRIDES = (2, 4, 8, 16, 32)


def evaluating(backbone):
    backbone.eval()  # mmpretrain's returns nothing
    return backbone


@pytest.mark.parametrize(
    ('arch', 'endpoints', 'channels'),
    [
        ('small', 'depthwise', (16, 16, 88, 144, 576)),
        ('large', 'depthwise', (16, 72, 120, 672, 960)),
        ('small', 'block', (16, 16, 24, 48, 576)),
        ('large', 'block', (16, 24, 40, 112, 960)),
    ],
)
@torch.no_grad()
def test_channels_and_sizes(arch, endpoints, channels):
    backbone = evaluating(KMaXMobileNetV3(arch, STRIDES, endpoints))
    assert backbone.feature_channels == channels
    for height, width in ((65, 97), (64, 96)):
        feats = backbone(torch.randn(1, 3, height, width))
        assert [tuple(feat.shape[1:]) for feat in feats] == [
            (c, -(-height // s), -(-width // s))
            for c, s in zip(channels, STRIDES, strict=True)
        ]


@pytest.mark.parametrize(
    ('arch', 'expected'), [('small', 927_008), ('large', 2_971_952)]
)
def test_parameters_are_deeplab2s(arch, expected):
    backbone = KMaXMobileNetV3(arch)
    assert sum(p.numel() for p in backbone.parameters()) == expected


@pytest.mark.parametrize('arch', ['small', 'large'])
@torch.no_grad()
def test_the_network_is_mmpretrains(arch):
    """The same names; the blocks compute what mmpretrain's compute."""
    theirs = MobileNetV3(arch, out_indices=range(12))
    ours = KMaXMobileNetV3(arch, STRIDES, 'depthwise')
    ours.load_state_dict(theirs.state_dict())  # strict
    ours.eval()
    theirs.eval()
    x = torch.randn(1, 3, 33, 65)
    blocks = evaluating(KMaXMobileNetV3(arch, STRIDES, 'block'))
    blocks.load_state_dict(theirs.state_dict())
    theirs.out_indices = blocks.out_indices
    for a, b in zip(blocks(x), theirs(x), strict=True):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(ours(x)[-1], theirs(x)[-1])

    seen = []
    for index in theirs.out_indices:
        layer = getattr(theirs, f'layer{index}')
        conv = getattr(layer, 'depthwise_conv', layer)
        conv.register_forward_hook(lambda *args: seen.append(args[2]))
    theirs(x)
    for a, b in zip(ours(x), seen, strict=True):
        torch.testing.assert_close(a, b)


@torch.no_grad()
def test_sigmoid_gate_is_a_key():
    torch.manual_seed(0)
    hard = evaluating(KMaXMobileNetV3())
    soft = evaluating(KMaXMobileNetV3(squeeze_excite='sigmoid'))
    soft.load_state_dict(hard.state_dict())
    x = torch.randn(1, 3, 64, 64)
    assert not torch.equal(hard(x)[-1], soft(x)[-1])
    gates = [m for m in soft.modules() if isinstance(m, torch.nn.Sigmoid)]
    assert len(gates) == 9


@pytest.mark.parametrize(
    ('key', 'text'),
    [
        (dict(endpoints='middle'), 'middle'),
        (dict(squeeze_excite='relu'), 'relu'),
        (dict(strides=(4, 8, 16, 64)), '64'),
    ],
)
def test_bad_keys_are_named(key, text):
    with pytest.raises(ValueError, match=text):
        MODELS.build(dict(type='KMaXMobileNetV3', **key))


def test_trains():
    backbone = KMaXMobileNetV3(strides=STRIDES)
    feats = backbone(torch.randn(2, 3, 64, 64))
    sum(feat.square().mean() for feat in feats).backward()
    missing = [n for n, p in backbone.named_parameters() if p.grad is None]
    assert not missing
