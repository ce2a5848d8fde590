"""ResNet with a stem feature: order, sizes, and mmpretrain's weights.

Its values are tested in test_golden_networks.py.
"""

import pytest
import torch
from mmpretrain.models import ResNet

from mmremax.kmax.backbones.resnet import KMaXResNet


@pytest.mark.parametrize(
    ('mask_stride', 'strides', 'channels'),
    [
        (4, (4, 4, 8, 16, 32), (256, 64, 512, 1024, 2048)),
        (2, (2, 4, 8, 16, 32), (64, 256, 512, 1024, 2048)),
    ],
)
@pytest.mark.parametrize(('height', 'width'), [(65, 97), (64, 32)])
@torch.no_grad()
def test_features(mask_stride, strides, channels, height, width):
    backbone = KMaXResNet(mask_stride=mask_stride)
    backbone.eval()  # returns nothing
    assert backbone.feature_channels == channels
    feats = backbone(torch.randn(1, 3, height, width))
    assert [tuple(feat.shape[1:]) for feat in feats] == [
        (c, -(-height // s), -(-width // s))
        for c, s in zip(channels, strides, strict=True)
    ]
    assert all((feat >= 0).all() for feat in feats)


@torch.no_grad()
def test_the_network_is_mmpretrains():
    norm = dict(type='BN', eps=1e-3)
    theirs = ResNet(18, out_indices=(0, 1, 2, 3), norm_cfg=norm)
    ours = KMaXResNet(18, mask_stride=2)
    ours.load_state_dict(theirs.state_dict())  # strict
    ours.eval()
    theirs.eval()
    x = torch.randn(1, 3, 64, 64)
    for a, b in zip(ours(x)[1:], theirs(x), strict=True):
        torch.testing.assert_close(a, b)


def test_other_strides_are_refused():
    with pytest.raises(ValueError, match='mask_stride=8'):
        KMaXResNet(mask_stride=8)
