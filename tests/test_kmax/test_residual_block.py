import pytest
import torch
from torch import nn

from mmremax.kmax.residual_block import axial_block, bottleneck_block
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module


@pytest.mark.parametrize(
    ('case', 'prefix', 'build', 'channels'),
    [
        ('single_block_axial', 'blk', lambda: axial_block(20, 16), 20),
        (
            'single_block_bottleneck',
            'blk',
            lambda: bottleneck_block(20, 16),
            20,
        ),
        (
            'block_group_axial_2_identity_shortcut',
            'grp._blocks',
            lambda: nn.Sequential(axial_block(64, 16), axial_block(64, 16)),
            64,
        ),
    ],
)
def test_golden(case, prefix, build, channels):
    block = fill_module(build(), f'module.{case}', prefix)
    out = block(R('input', (2, channels, 3, 5)))
    assert_probe(out, load_case(f'module.{case}')['expected'])


@pytest.mark.parametrize('build', [axial_block, bottleneck_block])
def test_starts_as_its_shortcut(build):
    block = build(32, 8)
    x = torch.randn(2, 32, 5, 3)
    torch.testing.assert_close(block(x), nn.functional.gelu(x))


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
def test_stride_brings_a_convolution_to_the_shortcut(build):
    block = build(32, 8, stride=2)
    assert not isinstance(block.shortcut, nn.Identity)
    assert block(torch.randn(2, 32, 5, 4)).shape == (2, 32, 3, 2)


@pytest.mark.parametrize('build', [axial_block, bottleneck_block])
def test_a_dropped_branch_leaves_the_shortcut(build):
    block = build(32, 8, drop_path_rate=0.5)
    nn.init.ones_(block.conv_out.norm.weight)
    x = torch.randn(64, 32, 2, 3)
    changed = (block(x) != nn.functional.gelu(x)).flatten(1).any(dim=1)
    assert 0 < changed.sum() < 64
    assert (block.eval()(x) != nn.functional.gelu(x)).flatten(1).any(1).all()
