"""Bricks of the decoders: convolution, initial values, norms, resizing."""

import math

import pytest
import torch
from torch import nn

from mmremax.kmax.layers import (
    BatchNorm,
    ChannelLayerNorm,
    ConvNormAct,
    aligns_corners,
    conv1x1_logits,
    depthwise_separable,
    resize_by_products,
    resize_like_kmax,
    trunc_normal_,
    trunc_normal_he_,
    trunc_normal_lecun_,
    trunc_normal_small_,
)
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module


def test_keys_and_order():
    block = ConvNormAct(4, 6, kernel_size=3, dilation=2, bias=True)
    keys = [name for name, _ in block.named_parameters()]
    assert keys == ['conv.weight', 'conv.bias', 'norm.weight', 'norm.bias']
    x = torch.randn(2, 4, 9, 7)
    wanted = nn.functional.gelu(block.norm(block.conv(x)), approximate='none')
    torch.testing.assert_close(block(x), wanted)
    assert block(x).shape == (2, 6, 9, 7)


def test_initial_values():
    """Zero gamma; Xavier uniform of a depthwise filter; logits near zero."""
    block = ConvNormAct(4, 6, dims=1, act=False, gamma=0.0)
    assert block(torch.randn(2, 4, 5)).abs().max() == 0
    assert not block.conv.weight.eq(0).any()
    weight = depthwise_separable(64, 32)[0].conv.weight
    bound = (6 / (25 + 64 * 25)) ** 0.5
    assert weight.shape == (64, 1, 5, 5)
    assert 0.95 * bound < weight.abs().max() <= bound
    conv = conv1x1_logits(256, 20)
    assert conv.weight.abs().max() <= 0.02
    assert conv.bias.eq(0).all()


CUT_STD = 0.8796  # of a unit normal cut at 2


@pytest.mark.parametrize(
    ('fill', 'std'),
    [
        (lambda weight: trunc_normal_(weight, 1.0), 1.0),
        (trunc_normal_he_, math.sqrt(2 / 64)),
        (trunc_normal_lecun_, math.sqrt(1 / 64)),
        (trunc_normal_small_, 0.01),
    ],
)
def test_std_and_cut(fill, std):
    weight = fill(torch.empty(500, 64, 3, 3))  # fan-in ignores the 3x3
    assert weight.abs().max() <= 2 * std
    assert weight.abs().max() > 1.9 * std
    assert abs(weight.mean()) < 0.01 * std
    assert weight.std().item() == pytest.approx(CUT_STD * std, rel=0.01)


def test_layer_norm_golden():
    case = 'module.layernorm_channels_first'
    norm = fill_module(ChannelLayerNorm(6), case, 'ln')
    out = norm(R('input', (2, 6, 3, 4), 2))
    assert_probe(out, load_case(case)['expected'])


def test_layer_norm_is_float32_under_autocast():
    with torch.autocast('cpu', torch.bfloat16):
        out = ChannelLayerNorm(4)(torch.randn(2, 4, 3, 3).bfloat16())
    assert out.dtype == torch.float32


@pytest.mark.parametrize('shape', [(5, 4), (5, 4, 7), (2, 4, 3, 3, 5)])
def test_batch_norm_accepts_every_rank(shape):
    norm = BatchNorm(4)
    x = 3 * torch.randn(shape) + 1
    out = norm(x).transpose(0, 1).flatten(1)
    torch.testing.assert_close(out.mean(1), torch.zeros(4), atol=1e-5, rtol=0)
    var = x.transpose(0, 1).flatten(1).var(1, unbiased=False)
    torch.testing.assert_close(out.var(1, unbiased=False), var / (var + 1e-3))
    running = 0.99 + 0.01 * x.transpose(0, 1).flatten(1).var(1)
    torch.testing.assert_close(norm.running_var, running)


def test_batch_norm_converts_to_sync_batch_norm():
    norm = nn.SyncBatchNorm.convert_sync_batchnorm(BatchNorm(4, gamma=0.1))
    assert isinstance(norm, nn.SyncBatchNorm)
    assert (norm.eps, norm.momentum) == (1e-3, 0.01)
    torch.testing.assert_close(norm.weight.data, torch.full((4,), 0.1))


ODD = [[0, 0.5, 1, 1.5, 2], [1.5, 2, 2.5, 3, 3.5], [3, 3.5, 4, 4.5, 5]]


@pytest.mark.parametrize(
    ('grid', 'wanted'),
    [([[0, 1, 2], [3, 4, 5]], ODD), ([[0, 1]], [[0, 0.25, 0.75, 1]])],
)
def test_resizing(grid, wanted):
    """Odd grids keep the corners; even ones repeat half a border cell."""
    x, wanted = torch.tensor([[grid]]).float(), torch.tensor(wanted)
    align_corners = aligns_corners(x.shape[-1])
    out = resize_like_kmax(x, wanted.shape, align_corners)
    torch.testing.assert_close(out[0, 0], wanted)
    assert resize_like_kmax(x, x.shape[2:], align_corners) is x


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('size', [(9, 13), (7, 4)])
def test_a_resize_by_products_is_the_same(size, align_corners):
    x, grad = torch.randn(2, 3, 5, 7), torch.randn(2, 3, *size)
    found = []
    for resize in (resize_by_products, resize_like_kmax):
        inputs = x.clone().requires_grad_()
        out = resize(inputs, size, align_corners)
        out.backward(grad)
        found.append((out, inputs.grad))
    torch.testing.assert_close(*found)
    assert resize_by_products(x, (5, 7), align_corners) is x
