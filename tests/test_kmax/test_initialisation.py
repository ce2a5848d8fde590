import math

import pytest
import torch

from mmremax.kmax.initialisation import (
    trunc_normal_,
    trunc_normal_he_,
    trunc_normal_lecun_,
    trunc_normal_small_,
)

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
