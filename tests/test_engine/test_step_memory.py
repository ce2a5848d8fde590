"""Bytes that are alive, by hand; those of a step, counted and estimated."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.checkpoint import checkpoint

from mmremax.engine import step_memory
from mmremax.engine.step_memory import (
    TensorMemory,
    count_steps,
    estimate_image,
)
from tests.helpers.scripts import ROOT

KB = 1024


@pytest.fixture
def cfg() -> Config:
    init_default_scope('mmdet')
    return Config.fromfile(ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py')


def test_counts_storages_once_and_forgets_them():
    with TensorMemory() as memory:
        first = torch.zeros(KB, dtype=torch.float32)
        view = first.view(2, -1)[0]
        assert memory.live == 4 * KB
        second = first + 1
        assert memory.live == 8 * KB
        del second
        assert memory.live == 4 * KB
        del first
        assert memory.live == 4 * KB, 'the view keeps the storage'
        del view
        assert memory.live == 0
    assert memory.peak == 8 * KB
    # It starts with what is there.
    weight = torch.zeros(KB)
    with TensorMemory([weight, weight[:2]]) as memory:
        assert memory.live == 4 * KB
        half = weight.bfloat16()
    assert half.nbytes == 2 * KB
    assert memory.peak == 6 * KB


def test_training_keeps_what_the_backward_pass_needs():
    """Linear saves its input alone; tanh saves its output."""
    layer, values = nn.Linear(KB, KB, bias=False), torch.zeros(1, KB)
    with TensorMemory([layer.weight, values]) as memory:
        fixed = memory.live
        loss = layer(values).tanh().sum()
        # The output of the layer is freed; that of tanh and the sum stay.
        assert memory.live - fixed == 4 * KB + 4
        loss.backward()
        assert layer.weight.grad.nbytes == 4 * KB * KB
    assert memory.peak - fixed >= 4 * KB * KB


def test_inplace_and_custom_functions():
    with TensorMemory() as memory:
        values = torch.ones(KB)
        values.mul_(2).add_(1)
        assert memory.live == 4 * KB
        checkpoint(torch.sin, values, use_reentrant=False)
    assert memory.peak == 8 * KB


def test_a_step_is_linear_in_the_images(cfg):
    """The fixed part is weights and AdamW's state."""
    state = torch.get_rng_state()
    steps = [count_steps(cfg, [(97, 129)], n)[0] for n in (1, 2, 3)]
    one, two, three = (step.made for step in steps)
    assert three - two == pytest.approx(two - one, rel=0.02)
    assert steps[0].fixed == steps[2].fixed
    by_operator = steps[0].by_operator
    assert next(iter(by_operator)) == 'aten.convolution.default'
    assert sum(by_operator.values()) == pytest.approx(one)
    assert torch.equal(torch.get_rng_state(), state)


def test_options_take_less(cfg):
    made = [count_steps(cfg, [(97, 129)], images=4)[0].made]
    loader = cfg.train_dataloader
    loader.dataset = dict(
        type='RepeatDataset', times=2, dataset=loader.dataset
    )
    cfg.model.recompute = True
    made.append(count_steps(cfg, [(97, 129)], images=4)[0].made)
    cfg.optim_wrapper.type = 'AmpOptimWrapper'  # of a GPU; counted on the CPU
    made.append(count_steps(cfg, [(97, 129)], images=4)[0].made)
    assert made[1] < 0.85 * made[0]
    assert made[2] < 0.85 * made[1]


def test_an_estimate_is_near_the_count(cfg, monkeypatch):
    monkeypatch.setattr(step_memory, 'SHORT_SIDES', (129, 193))
    cfg.model.data_preprocessor.crop_size = (385, 513)
    estimate = estimate_image(cfg)
    counted = count_steps(cfg, [(385, 513)])[0]
    assert estimate.fixed == counted.fixed
    assert estimate.made == pytest.approx(counted.made, rel=0.06)
    assert not estimate.by_operator
    cfg.model.data_preprocessor.crop_size = (97, 129)
    assert estimate_image(cfg) == count_steps(cfg, [(97, 129)])[0]
