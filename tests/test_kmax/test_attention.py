"""K-means cross-attention, self-attention of queries, axial attention."""

import numpy as np
import pytest
import torch

from mmremax.kmax.attention import KMeansCrossAttention, QuerySelfAttention
from mmremax.kmax.axial_attention import (
    AxialAttention,
    AxialAttention2d,
    relative_index,
)
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module


class SumOnly(KMeansCrossAttention):
    """The k-means step with the layers around it taken out."""

    def __init__(self):
        super().__init__(embed_dims=2)
        self.value = torch.nn.Identity()
        self.update_norm = torch.nn.Identity()
        self.project = torch.nn.Identity()


def test_hand_arithmetic():
    """Pixels 0, 1, 3 go to query 1, pixel 2 to query 0, none to query 2."""
    key = torch.tensor([[1.0, 2.0, 4.0, 8.0], [0.0, -1.0, 3.0, 5.0]])
    masks = torch.tensor(
        [[0.0, 0.5, 9.0, -3.0], [1.0, 2.0, 3.0, -2.0], [0.9, 1.9, 0.0, -9.0]]
    )
    key = key.view(1, 2, 2, 2).requires_grad_()
    masks = masks.view(1, 3, 2, 2).requires_grad_()
    update = SumOnly()(key, masks)
    wanted = torch.tensor([[[4.0, 11.0, 0.0], [3.0, 4.0, 0.0]]])
    torch.testing.assert_close(update, wanted)  # sums, not means

    (update * torch.tensor([10.0, 20.0, 30.0])).sum().backward()
    wanted = torch.tensor([20.0, 20.0, 10.0, 20.0]).expand(2, 4)
    torch.testing.assert_close(key.grad.view(2, 4), wanted)
    assert masks.grad is None


def test_sums_in_float32_under_autocast():
    key = torch.full((1, 2, 40, 40), 1.001)
    with torch.autocast('cpu', torch.bfloat16):
        update = SumOnly()(key, torch.zeros(1, 1, 40, 40))
    torch.testing.assert_close(
        update, torch.full((1, 2, 1), 1601.6), rtol=1e-4, atol=0
    )


def test_self_attention_golden():
    attention = QuerySelfAttention(embed_dims=32, num_heads=8)
    del attention.qkv, attention.project  # not part of the case
    case = 'module.attention_operation'
    attention = fill_module(attention, case, 'attn')
    out = attention.attend(
        R('q', (2, 8, 2, 5)), R('k', (2, 8, 2, 5)), R('v', (2, 8, 4, 5))
    )
    assert_probe(out, load_case(case)['expected'])


@pytest.mark.parametrize(
    ('case', 'prefix', 'module', 'shape'),
    [
        ('module.axial_attention_1d', 'ax', AxialAttention, (3, 12, 5)),
        ('module.axial_attention_2d', 'ax2', AxialAttention2d, (2, 12, 3, 5)),
    ],
)
def test_axial_golden(case, prefix, module, shape):
    attention = fill_module(module(12, 16, 32), case, prefix)
    assert_probe(attention(R('input', shape)), load_case(case)['expected'])


def test_axial_matches_loops():
    """One head, two positions, summed by hand in plain loops."""
    module = AxialAttention(3, 2, 2, num_heads=1).double().eval()
    for norm in (module.similarity_norm, module.output_norm):
        norm.running_var.uniform_(0.5, 2)
    x = torch.randn(1, 3, 2, dtype=torch.float64)
    actual = module(x)[0].detach().numpy()

    def scale(norm):
        return (norm.weight / (norm.running_var + norm.eps).sqrt()).tolist()

    qkv = module.qkv_norm(module.qkv(x))[0].detach().numpy()
    q, k, v = qkv[:2], qkv[2:4], qkv[4:]
    rq, rk, rv = (
        getattr(module, f'relative_{name}').detach().numpy()
        for name in ('query', 'key', 'value')
    )
    gain, out_gain = scale(module.similarity_norm), scale(module.output_norm)
    wanted = np.zeros((2, 2))
    for i in range(2):
        logits = [
            gain[0] * q[:, i] @ k[:, m]
            + gain[1] * q[:, i] @ rq[m - i + 254]
            + gain[2] * k[:, m] @ rk[m - i + 254]
            for m in range(2)
        ]
        weights = np.exp(logits) / np.exp(logits).sum()
        for m in range(2):
            wanted[:, i] += weights[m] * (
                np.array(out_gain[:2]) * v[:, m]
                + np.array(out_gain[2:]) * rv[m - i + 254]
            )
    np.testing.assert_allclose(actual, wanted, rtol=1e-9)


def test_long_axes_share_the_last_row():
    index = relative_index(300, torch.device('cpu'))
    assert index.min() == 0
    assert index.max() == 508
    assert index[0, 254] == index[0, 299] == 508
    assert index[7, 7] == 254
    assert index[8, 7] == 253  # query 8, key 7
    attention = AxialAttention(4, 8, 8)
    assert attention(torch.randn(1, 4, 300)).isfinite().all()


@torch.no_grad()
def test_stride_keeps_every_second_position_after_each_axis():
    """The width axis attends within the kept rows, to all columns."""
    attention = AxialAttention2d(6, 4, 8, num_heads=2, stride=2).eval()
    x = torch.randn(2, 6, 5, 8)
    out = attention(x)
    columns = [attention.height_axis(x[:, :, :, w]) for w in range(8)]
    kept = torch.stack(columns, dim=3)[:, :, ::2]
    rows = [attention.width_axis(kept[:, :, h]) for h in range(3)]
    expected = torch.stack(rows, dim=2)[..., ::2]
    assert out.shape == (2, 8, 3, 4)
    torch.testing.assert_close(out, expected)
