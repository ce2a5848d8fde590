"""NormMomentumHook: statistics follow, training does not change."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmremax.engine.hooks import NormMomentumHook
from tests.helpers.model_fixture import build_model


def test_all_norms_of_the_model_are_set():
    model = build_model(with_remax=True)
    norms = [m for m in model.modules() if hasattr(m, 'running_mean')]
    assert {norm.momentum for norm in norms} == {0.01}
    NormMomentumHook(0.1).before_train(SimpleNamespace(model=model))
    assert {norm.momentum for norm in norms} == {0.1}


def test_statistics_follow_faster_and_outputs_are_the_same():
    slow = nn.Sequential(nn.BatchNorm2d(3, momentum=0.01))
    fast = nn.Sequential(nn.BatchNorm2d(3, momentum=0.01))
    NormMomentumHook(0.1).before_train(SimpleNamespace(model=fast))
    x = torch.randn(4, 3, 5, 5) + 7
    for _ in range(20):
        assert torch.equal(slow(x), fast(x))
    assert slow[0].running_mean.mean() < 2
    assert fast[0].running_mean.mean() > 6


@pytest.mark.parametrize('momentum', [0, -0.1, 1.5])
def test_a_wrong_momentum_is_named(momentum):
    with pytest.raises(ValueError, match='momentum'):
        NormMomentumHook(momentum)
