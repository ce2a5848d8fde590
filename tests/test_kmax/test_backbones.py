"""The backbones: features, sizes, weights of mmpretrain, training.

Values of ConvNeXt and of the ResNets are tested in test_golden_networks.py.
"""

import mmpretrain.models
import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

from mmremax.kmax.backbones import (
    AxialResNet,
    KMaXConvNeXt,
    KMaXMobileNetV3,
    KMaXResNet,
)
from mmremax.kmax.backbones.axial_resnet import drop_path_rates
from tests.helpers.meta import on_meta
from tests.helpers.model_fixture import assert_gradients

STRIDES = (2, 4, 8, 16, 32)
AXIAL = dict(
    type='AxialResNet',
    stem_channels=(4, 4, 8),
    base_channels=(4, 4, 8, 8),
    num_blocks=(1, 1, 2, 2),
    num_axial_blocks=(0, 0, 1, 2),
    num_heads=2,
    drop_path_rate=0.0,
)
SMALL = dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32])  # ConvNeXt
CONVNEXT = dict(type='KMaXConvNeXt', arch=SMALL)
MOBILENET = dict(type='KMaXMobileNetV3', strides=STRIDES)
BLOCKS = dict(MOBILENET, endpoints='block')
RESNET = dict(type='KMaXResNet')
RESNET_2 = dict(RESNET, mask_stride=2)
FROM_4 = (4, 8, 16, 32)
# Config, strides and channels of its features.
FEATURES = dict(
    axial=(dict(AXIAL, strides=STRIDES), STRIDES, (8, 16, 16, 32, 32)),
    convnext=(CONVNEXT, FROM_4, (8, 16, 24, 32)),
    stem=(dict(CONVNEXT, with_stem=True), (4, *FROM_4), (8, 8, 16, 24, 32)),
    mnv3_s=(MOBILENET, STRIDES, (16, 16, 88, 144, 576)),
    mnv3_l=(dict(MOBILENET, arch='large'), STRIDES, (16, 72, 120, 672, 960)),
    blocks_s=(BLOCKS, STRIDES, (16, 16, 24, 48, 576)),
    blocks_l=(dict(BLOCKS, arch='large'), STRIDES, (16, 24, 40, 112, 960)),
    resnet=(RESNET, (4, *FROM_4), (256, 64, 512, 1024, 2048)),
    resnet_2=(RESNET_2, STRIDES, (64, 256, 512, 1024, 2048)),
)


def evaluating(backbone):
    backbone.eval()  # mmpretrain's returns nothing
    return backbone


@pytest.mark.parametrize('name', FEATURES)
@pytest.mark.parametrize(('height', 'width'), [(65, 97), (64, 96), (33, 64)])
@torch.no_grad()
def test_channels_and_sizes(name, height, width):
    config, strides, channels = FEATURES[name]
    backbone = evaluating(MODELS.build(config))
    assert backbone.feature_channels == channels
    feats = backbone(torch.randn(1, 3, height, width))
    assert [tuple(feat.shape[1:]) for feat in feats] == [
        (c, -(-height // s), -(-width // s))
        for c, s in zip(channels, strides, strict=True)
    ]
    if 'resnet' in name:
        assert all((feat >= 0).all() for feat in feats)


@pytest.mark.parametrize('name', ['axial', 'mnv3_s'])
def test_every_parameter_gets_a_gradient(name):
    """Also those of the branches, whose last scale starts at 0."""
    backbone = MODELS.build(FEATURES[name][0])
    feats = backbone(torch.randn(2, 3, 64, 96))
    sum(feat.square().mean() for feat in feats).backward()
    assert_gradients(backbone)


@pytest.mark.parametrize(
    ('config', 'text'),
    [
        (dict(AXIAL, strides=(4, 64)), '64'),
        (dict(AXIAL, num_blocks=(3, 4)), 'one length'),
        (dict(MOBILENET, endpoints='middle'), 'middle'),
        (dict(MOBILENET, squeeze_excite='relu'), 'relu'),
        (dict(MOBILENET, strides=(4, 8, 16, 64)), '64'),
        (dict(RESNET, mask_stride=8), 'mask_stride=8'),
    ],
)
def test_bad_keys_are_named(config, text):
    with pytest.raises(ValueError, match=text):
        MODELS.build(config)


def test_mobilenets_have_the_parameters_of_deeplab2():
    with on_meta():
        small, large = (
            KMaXMobileNetV3(arch, STRIDES) for arch in ('small', 'large')
        )
    assert sum(p.numel() for p in small.parameters()) == 927_008
    assert sum(p.numel() for p in large.parameters()) == 2_971_952


def test_axial_blocks_and_drop_path_rates_are_deeplab2s():
    """Keep 0.8: 1.0, .85 x 5 in stage 4 and .85, .8, .8 in stage 5."""
    with on_meta():
        backbone = AxialResNet(strides=STRIDES)
    assert sum(p.numel() for p in backbone.parameters()) == 41_343_424
    assert backbone.feature_channels == (128, 256, 512, 1024, 2048)
    axial = [
        [hasattr(block.middle, 'attention') for block in stage]
        for stage in backbone.stages
    ]
    late = [False] + [True] * 5
    assert axial == [[False] * 3, [False] * 4, late, [True] * 3]
    rates = drop_path_rates(0.2, (3, 4, 6, 3))
    assert rates[:2] == [[0.0] * 3, [0.0] * 4]
    assert rates[2] == pytest.approx([0.0, *[0.15] * 5])
    assert rates[3] == pytest.approx([0.15, 0.2, 0.2])
    backbone = MODELS.build(dict(AXIAL, drop_path_rate=0.4))
    built = [
        [b.drop_path.drop_prob for b in stage] for stage in backbone.stages
    ]
    assert built == drop_path_rates(0.4, AXIAL['num_blocks'])


def test_drop_path_of_convnext_grows_with_depth():
    backbone = KMaXConvNeXt('tiny', drop_path_rate=0.34)
    rates = [
        getattr(block.drop_path, 'drop_prob', 0.0)
        for stage in backbone.stages
        for block in stage
    ]
    assert rates == pytest.approx([0.02 * j for j in range(18)])


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


def test_weights_of_mmpretrains_convnext_load_but_for_the_last_norm():
    theirs = mmpretrain.models.ConvNeXt(SMALL).state_dict()
    misfits = KMaXConvNeXt(SMALL).load_state_dict(theirs, strict=False)
    assert misfits.missing_keys == []
    assert misfits.unexpected_keys == ['norm3.weight', 'norm3.bias']


@pytest.mark.parametrize('arch', ['small', 'large'])
@torch.no_grad()
def test_mobilenet_is_mmpretrains(arch):
    """The same names; the blocks compute what mmpretrain's compute."""
    theirs = mmpretrain.models.MobileNetV3(arch, out_indices=range(12))
    ours = KMaXMobileNetV3(arch, STRIDES, 'depthwise')
    ours.load_state_dict(theirs.state_dict())  # strict
    ours.eval()
    theirs.eval()
    x = torch.randn(1, 3, 33, 65)
    blocks = evaluating(KMaXMobileNetV3(arch, STRIDES, 'block'))
    blocks.load_state_dict(theirs.state_dict())
    theirs.out_indices = blocks.out_indices
    torch.testing.assert_close(blocks(x), theirs(x))
    torch.testing.assert_close(ours(x)[-1], theirs(x)[-1])

    seen = []
    for index in theirs.out_indices:
        layer = getattr(theirs, f'layer{index}')
        conv = getattr(layer, 'depthwise_conv', layer)
        conv.register_forward_hook(lambda *args: seen.append(args[2]))
    theirs(x)
    torch.testing.assert_close(ours(x), tuple(seen))


@torch.no_grad()
def test_sigmoid_gate_is_a_key():
    torch.manual_seed(0)
    hard = evaluating(KMaXMobileNetV3())
    soft = evaluating(KMaXMobileNetV3(squeeze_excite='sigmoid'))
    soft.load_state_dict(hard.state_dict())
    x = torch.randn(1, 3, 64, 64)
    assert not torch.equal(hard(x)[-1], soft(x)[-1])
    gates = [m for m in soft.modules() if isinstance(m, nn.Sigmoid)]
    assert len(gates) == 9


@torch.no_grad()
def test_resnet_is_mmpretrains():
    norm = dict(type='BN', eps=1e-3)
    theirs = mmpretrain.models.ResNet(18, out_indices=range(4), norm_cfg=norm)
    ours = KMaXResNet(18, mask_stride=2)
    ours.load_state_dict(theirs.state_dict())  # strict
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(evaluating(ours)(x)[1:], evaluating(theirs)(x))
