"""--images-per-gpu: the same updates from smaller forward passes."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

from mmremax.utils.cli import keep_batch_size, processes_of_launch
from tests.helpers.model_fixture import CONFIGS

NAMES = ['kmax/kmax_r50_coco.py', 'remax/remax_r50_coco.py']


def rates(cfg, every):
    """Learning rate of each update, for a schedule made 500 times faster."""
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    schedulers = []
    for scheduler in copy.deepcopy(cfg.param_scheduler):
        scheduler.optimizer = optimizer
        for key in ('end', 'warmup'):
            if scheduler.get(key):
                scheduler[key] //= 500
        if 'milestones' in scheduler:
            scheduler.milestones = [m // 500 for m in scheduler.milestones]
        schedulers.append(PARAM_SCHEDULERS.build(scheduler))
    seen = []
    for step in range(cfg.train_cfg.max_iters // 500):
        if step % every == 0:
            seen.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    return seen


@pytest.mark.filterwarnings('ignore:.*optimizer.step.*')
@pytest.mark.parametrize('name', NAMES)
def test_updates_see_the_recipes_rates(name):
    recipe = Config.fromfile(CONFIGS / name)
    cfg = copy.deepcopy(recipe)
    keep_batch_size(cfg, images=2, num_processes=8)
    assert cfg.train_dataloader.batch_size == 2
    assert cfg.optim_wrapper.accumulative_counts == 4
    assert cfg.train_cfg.max_iters == 4 * recipe.train_cfg.max_iters
    assert cfg.train_cfg.val_interval == 4 * recipe.train_cfg.val_interval
    interval = recipe.default_hooks.checkpoint.interval
    assert cfg.default_hooks.checkpoint.interval == 4 * interval
    ours, wanted = rates(cfg, every=4), rates(recipe, every=1)
    assert len(ours) == len(wanted)
    # Inside the warm-up the finer steps lie between those of the recipe.
    assert ours == pytest.approx(wanted, rel=0.12, abs=2e-4)
    assert ours[20:] == pytest.approx(wanted[20:], rel=1e-6)
    # The whole batch at once changes nothing.
    cfg = copy.deepcopy(recipe)
    keep_batch_size(cfg, images=8, num_processes=8)
    assert cfg.optim_wrapper.pop('accumulative_counts') == 1
    assert cfg.to_dict() == recipe.to_dict()


def test_a_batch_that_does_not_fit_is_an_error():
    cfg = Config.fromfile(CONFIGS / NAMES[0])
    for images, processes in ((3, 8), (16, 8), (0, 1)):
        with pytest.raises(SystemExit, match='possible here'):
            keep_batch_size(cfg, images, processes)


def test_processes(monkeypatch):
    names = ('WORLD_SIZE', 'SLURM_NTASKS')
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert processes_of_launch() == 1
    for name in names:
        with monkeypatch.context() as context:
            context.setenv(name, '4')
            assert processes_of_launch() == 4
