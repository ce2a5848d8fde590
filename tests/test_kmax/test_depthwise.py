"""The depthwise convolution beside torch's own."""

import pytest
import torch
from torch import nn

from mmremax.kmax.depthwise import DepthwiseConv2d, _Depthwise, weight_gradient

FORMATS = (torch.contiguous_format, torch.channels_last)


@pytest.mark.parametrize('layout', FORMATS, ids=['first', 'last'])
@pytest.mark.parametrize('kernel', [3, 5, 7])
def test_gradients_are_those_of_torch(kernel, layout):
    conv = DepthwiseConv2d(4, kernel)
    plain = nn.Conv2d(4, 4, kernel, padding='same', groups=4, bias=False)
    plain.load_state_dict(conv.state_dict())
    x = torch.randn(2, 4, 9, 6).to(memory_format=layout)
    found = []
    for layer in (conv.to(memory_format=layout), plain):
        inputs = x.detach().requires_grad_()
        out = layer(inputs)
        out.square().sum().backward()
        found.append((out, inputs.grad, layer.weight.grad))
    torch.testing.assert_close(*found)


def test_a_weight_gradient_by_hand():
    """Ones: each tap counts the positions where it lies inside."""
    x = torch.ones(1, 1, 3, 4)
    rows, cols = torch.tensor([1, 2, 3, 2, 1]), torch.tensor([2, 3, 4, 3, 2])
    wanted = (rows[:, None] * cols)[None, None].float()
    torch.testing.assert_close(weight_gradient(x, x, 5), wanted)


def test_it_is_used_in_training_in_float32_alone(monkeypatch):
    used = []
    apply = _Depthwise.apply
    monkeypatch.setattr(_Depthwise, 'apply', lambda *a: used.append(apply(*a)))
    conv, x = DepthwiseConv2d(4, 5), torch.randn(1, 4, 6, 6)
    conv.eval()(x)
    conv.train()
    with torch.autocast('cpu', torch.bfloat16):
        assert conv(x).dtype == torch.bfloat16
    conv.double()(x.double())
    assert not used
    conv.float()(x)
    assert len(used) == 1
