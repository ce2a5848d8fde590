import torch

from mmremax.kmax.query_self_attention import QuerySelfAttention
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module


def test_golden():
    attention = QuerySelfAttention(embed_dims=32, num_heads=8)
    del attention.qkv, attention.project  # not part of the case
    case = 'module.attention_operation'
    attention = fill_module(attention, case, 'attn')
    out = attention.attend(
        R('q', (2, 8, 2, 5)), R('k', (2, 8, 2, 5)), R('v', (2, 8, 4, 5))
    )
    assert_probe(out, load_case(case)['expected'])


def test_starts_as_nothing():
    attention = QuerySelfAttention(16, num_heads=4)
    assert attention(torch.randn(2, 16, 5)).eq(0).all()
