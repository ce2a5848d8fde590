"""Any timm model as a backbone: sizes, layouts, norms, weights."""

from pathlib import Path

import pytest
import timm
import torch
from mmdet.registry import MODELS
from torch import nn

import mmremax  # noqa: F401 (registers the components)

LITE0 = 'tf_efficientnet_lite0'


def build(model_name: str, **keys) -> nn.Module:
    return MODELS.build(
        dict(type='TimmFeatures', model_name=model_name, **keys)
    )


@pytest.mark.parametrize(
    ('name', 'channels', 'options'),
    [
        (LITE0, (24, 40, 112, 320), {}),
        ('resnet18', (64, 128, 256, 512), {}),
        # Its features have the channels last.
        ('swin_tiny_patch4_window7_224', (96, 192, 384, 768), 64),
    ],
)
def test_channels_and_sizes(name, channels, options):
    backbone = build(name, **({'img_size': options} if options else {}))
    features = backbone.eval()(torch.rand(1, 3, 64, 64))
    assert backbone.feature_channels == channels
    shapes = [tuple(f.shape[1:]) for f in features]
    assert shapes == [
        (c, 64 // s, 64 // s)
        for c, s in zip(channels, (4, 8, 16, 32), strict=True)
    ]


def test_a_model_that_is_cut():
    backbone = build(LITE0, last_stride=16).eval()
    *own, pooled = backbone(torch.rand(1, 3, 65, 65))
    assert [f.shape[-1] for f in own] == [17, 9, 5]
    assert torch.equal(pooled, own[-1][..., ::2, ::2])
    assert backbone.feature_channels == (24, 40, 112, 112)
    size = sum(p.numel() for p in backbone.parameters())
    assert size == 700_768  # of 2.96 M: the rest is not there


@pytest.mark.parametrize('side', [65, 97])
def test_odd_sides_of_tf_models(side):
    backbone = build(LITE0, strides=(4, 32)).eval()
    sides = [f.shape[-1] for f in backbone(torch.rand(1, 3, side, side))]
    assert sides == [-(-side // 4), -(-side // 32)]


def test_frozen_norms_stay():
    images = torch.rand(2, 3, 33, 33)
    for frozen in (True, False):
        backbone = build(LITE0, frozen_norms=frozen).train()
        norm = backbone.timm_model.bn1
        before = norm.running_mean.clone()
        sum(f.mean() for f in backbone(images)).backward()
        assert torch.equal(norm.running_mean, before) == frozen
        assert (norm.weight.grad is None) == frozen
        assert backbone.timm_model.conv_stem.weight.grad is not None


@pytest.mark.parametrize('last_stride', [None, 16])
def test_weights_with_the_names_of_timm(tmp_path: Path, last_stride):
    whole = timm.create_model(LITE0)  # with a classifier
    file = tmp_path / 'lite0.pth'
    torch.save(whole.state_dict(), file)
    source = dict(type='Pretrained', _scope_='mmremax', checkpoint=str(file))
    backbone = build(LITE0, init_cfg=source, last_stride=last_stride)
    backbone.init_weights()
    stored = whole.state_dict()
    for name, value in backbone.timm_model.state_dict().items():
        assert torch.equal(value, stored[name.removeprefix('model.')])
    del stored['conv_stem.weight']
    torch.save(stored, file)
    with pytest.raises(RuntimeError, match='conv_stem'):
        backbone.init_weights()


def test_what_timm_has_not_is_named():
    with pytest.raises(ValueError, match=r'no model .*Near: .*lite0'):
        build('efficientnet_lite0_tf')
    with pytest.raises(ValueError, match=r'strides \[2, 4.* not of \[64\]'):
        build(LITE0, strides=(4, 64))
    with pytest.raises(ValueError, match=r'not of \[12\]'):
        build(LITE0, last_stride=12)
