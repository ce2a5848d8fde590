import torch
from torch import nn

from mmremax.kmax.conv_norm_act import (
    ConvNormAct,
    conv1x1_logits,
    depthwise_separable,
)


def test_keys_and_order():
    block = ConvNormAct(4, 6, kernel_size=3, dilation=2, bias=True)
    assert [name for name, _ in block.named_parameters()] == [
        'conv.weight',
        'conv.bias',
        'norm.weight',
        'norm.bias',
    ]
    x = torch.randn(2, 4, 9, 7)
    wanted = nn.functional.gelu(block.norm(block.conv(x)), approximate='none')
    torch.testing.assert_close(block(x), wanted)
    assert block(x).shape == (2, 6, 9, 7)


def test_queries_and_no_activation():
    block = ConvNormAct(4, 6, dims=1, act=False, gamma=0.0)
    assert block(torch.randn(2, 4, 5)).abs().max() == 0
    assert not block.conv.weight.eq(0).any()


def test_depthwise_starts_with_xavier_uniform():
    depthwise, _ = depthwise_separable(64, 32)
    bound = (6 / (25 + 64 * 25)) ** 0.5
    weight = depthwise.conv.weight
    assert weight.shape == (64, 1, 5, 5)
    assert 0.95 * bound < weight.abs().max() <= bound


def test_logits_start_near_zero():
    conv = conv1x1_logits(256, 20)
    assert conv.weight.abs().max() <= 0.02
    assert conv.bias.eq(0).all()
