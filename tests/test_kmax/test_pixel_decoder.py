"""The pixel decoder, its fusion and its residual blocks."""

import pytest
import torch
from mmdet.registry import MODELS
from torch import nn
from torch.nn import functional as F

from mmremax.kmax.pixel_decoder import ResizedFuse
from mmremax.kmax.residual_block import axial_block, bottleneck_block
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module


@pytest.mark.parametrize(
    ('case', 'channels', 'low', 'high'),
    [
        ('odd', (24, 10), (3, 5), (5, 9)),
        ('even', (24, 10), (4, 6), (8, 12)),
        ('same_res', (24, 10), (5, 9), (5, 9)),
        ('no_projection', (8, 8), (3, 5), (5, 9)),
    ],
)
def test_fuse_golden(case, channels, low, high):
    case = f'module.resized_fuse_{case}'
    fuse = fill_module(ResizedFuse(*channels, 8), case, 'fuse')
    out = fuse(
        R('low', (1, channels[0], *low)), R('high', (1, channels[1], *high))
    )
    assert_probe(out, load_case(case)['expected'])


@pytest.mark.parametrize(('low', 'high'), [((2, 3), (3, 5)), ((3, 2), (5, 4))])
def test_the_width_decides_where_one_side_is_even(low, high):
    low, high = torch.randn(1, 8, *low), torch.zeros(1, 8, *high)
    wanted = F.interpolate(
        low,
        high.shape[-2:],
        mode='bilinear',
        align_corners=low.shape[-1] % 2 == 1,
    )
    assert torch.equal(ResizedFuse(8, 8, 8)(low, high), wanted)


def small_decoder(**kwargs):
    config = dict(
        type='KMaXPixelDecoder',
        in_channels=(8, 16, 32, 64),
        base_channels=(16, 8, 4, 2),
        num_blocks=(1, 2, 1, 1),
    )
    return MODELS.build({**config, **kwargs})


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match='one length'):
        small_decoder(num_blocks=(1, 1, 1))


def test_initial_values():
    state = small_decoder().state_dict()
    for key, value in state.items():
        if key.endswith('norm.weight'):
            wanted = 0 if 'conv_out' in key else 1
            assert value.eq(wanted).all(), key
        elif key.endswith('.bias'):
            assert value.eq(0).all(), key
        elif 'relative_' in key:
            assert value.shape[0] == 509
            assert 1.5 < value.abs().max() <= 2, key


# Case: prefix of its published names, block, channels of its input.
BLOCKS = dict(
    single_block_axial=('blk', axial_block(20, 16), 20),
    single_block_bottleneck=('blk', bottleneck_block(20, 16), 20),
    block_group_axial_2_identity_shortcut=(
        'grp._blocks',
        nn.Sequential(axial_block(64, 16), axial_block(64, 16)),
        64,
    ),
)


@pytest.mark.parametrize('case', BLOCKS)
def test_block_golden(case):
    prefix, block, channels = BLOCKS[case]
    block = fill_module(block, f'module.{case}', prefix)
    out = block(R('input', (2, channels, 3, 5)))
    assert_probe(out, load_case(f'module.{case}')['expected'])


@pytest.mark.parametrize('build', [axial_block, bottleneck_block])
def test_shortcut(build):
    """A block starts as it; a stride brings a convolution to it."""
    x = torch.randn(2, 32, 5, 4)
    torch.testing.assert_close(build(32, 8)(x), nn.functional.gelu(x))
    block = build(32, 8, stride=2)
    assert not isinstance(block.shortcut, nn.Identity)
    assert block(x).shape == (2, 32, 3, 2)


def test_dilation_widens_the_view():
    def reach(dilation):
        block = bottleneck_block(16, 4, dilation).eval()
        nn.init.ones_(block.conv_out.norm.weight)
        x = torch.zeros(1, 16, 9, 9, requires_grad=True)
        block(x)[0, :, 4, 4].sum().backward()
        return x.grad.abs().sum((0, 1)).nonzero()[:, 0].unique().tolist()

    assert reach(1) == [3, 4, 5]
    assert reach(2) == [2, 4, 6]


@pytest.mark.parametrize('build', [axial_block, bottleneck_block])
def test_a_dropped_branch_leaves_the_shortcut(build):
    block = build(32, 8, drop_path_rate=0.5)
    nn.init.ones_(block.conv_out.norm.weight)
    x = torch.randn(64, 32, 2, 3)
    changed = (block(x) != nn.functional.gelu(x)).flatten(1).any(dim=1)
    assert 0 < changed.sum() < 64
    assert (block.eval()(x) != nn.functional.gelu(x)).flatten(1).any(1).all()
