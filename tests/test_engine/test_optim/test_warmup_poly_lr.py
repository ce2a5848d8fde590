"""WarmupPolyLR against the golden learning rates."""

import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS

from mmremax.engine.optim.warmup_poly_lr import WarmupPolyLR
from tests.golden import load_case

BASES = dict(coco=(5e-4, 150000), cityscapes=(3e-4, 60000))
BASES.update(ade20k=(5e-4, 100000))


def optimizer(lr):
    groups = [
        dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=lr * mult)
        for mult in (1, 0.1)
    ]
    return torch.optim.AdamW(groups, lr=lr)


@pytest.mark.parametrize('data_set', BASES)
def test_golden(data_set):
    lr, end = BASES[data_set]
    expected = load_case('solver.learning_rate')['expected']
    scheduler = WarmupPolyLR(optimizer(lr), end=end)
    for step, value in expected[f'lr_{data_set}'].items():
        ours = lr * scheduler.factor(int(step))
        assert ours == pytest.approx(value, rel=1e-6), step


def test_steps_set_every_group():
    optim = optimizer(1.0)
    scheduler = PARAM_SCHEDULERS.build(
        dict(type='WarmupPolyLR', optimizer=optim, end=10, warmup=4)
    )
    seen = []
    for _ in range(10):
        seen.append([group['lr'] for group in optim.param_groups])
        optim.step()
        scheduler.step()
    assert seen[0] == pytest.approx([0.001, 0.0001])
    assert seen[2] == pytest.approx([0.5005, 0.05005])
    assert seen[4] == pytest.approx([0.6**0.9, 0.1 * 0.6**0.9])
    assert seen[9] == pytest.approx([0.1**0.9, 0.1 * 0.1**0.9])
