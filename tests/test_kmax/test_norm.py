import pytest
import torch
from torch import nn

from mmremax.kmax.norm import (
    BatchNorm,
    ChannelLayerNorm,
)
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module


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
