"""K-means cross-attention and self-attention of the queries."""

import torch

from mmremax.kmax.attention import KMeansCrossAttention, QuerySelfAttention
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


def test_starts_as_nothing():
    attention = KMeansCrossAttention(8)
    update = attention(torch.randn(2, 8, 3, 3), torch.randn(2, 5, 3, 3))
    assert update.eq(0).all()
    assert attention.value.conv.weight.abs().max() <= 2 * 8**-0.5


def test_golden():
    attention = QuerySelfAttention(embed_dims=32, num_heads=8)
    del attention.qkv, attention.project  # not part of the case
    case = 'module.attention_operation'
    attention = fill_module(attention, case, 'attn')
    out = attention.attend(
        R('q', (2, 8, 2, 5)), R('k', (2, 8, 2, 5)), R('v', (2, 8, 4, 5))
    )
    assert_probe(out, load_case(case)['expected'])


def test_self_attention_starts_as_nothing():
    attention = QuerySelfAttention(16, num_heads=4)
    assert attention(torch.randn(2, 16, 5)).eq(0).all()
