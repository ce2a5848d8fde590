"""The averaged weights are what a validation, a test and a reader see."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import HOOKS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmremax.engine import resume
from mmremax.utils.checkpoint import check_weights
from mmremax.utils.resume import resume_from
from mmremax.utils.safe_loading import load_from_local
from tests.helpers.scripts import ROOT, run_script
from tests.helpers.toy import toy_config

Weights = dict[str, Tensor]
OVERLAY = ROOT / 'configs/_base_/overlays/ema.py'


@HOOKS.register_module()
class WeightsLog(Hook):
    """Copies the weights after each step, and those that are evaluated."""

    trained: list[Weights] = []
    evaluated: dict[int, Weights] = {}

    @staticmethod
    def copy(runner: Runner) -> Weights:
        state = runner.model.state_dict()
        return {key: value.clone() for key, value in state.items()}

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.trained.append(self.copy(runner))

    def before_val_iter(self, runner, batch_idx, data_batch):
        self.evaluated[runner.iter] = self.copy(runner)

    def before_test_iter(self, runner, batch_idx, data_batch):
        self.evaluated[0] = self.copy(runner)


@pytest.fixture(autouse=True)
def _empty_log(monkeypatch):
    monkeypatch.setattr(WeightsLog, 'trained', [])
    monkeypatch.setattr(WeightsLog, 'evaluated', {})


def build(folder: Path, averaged: bool = True, **options) -> Runner:
    folder.mkdir(exist_ok=True)
    path = folder / 'ema.py'
    hooks = '_base_.ema, ' if averaged else ''
    path.write_text(
        f"_base_ = ['{toy_config(folder)}', '{OVERLAY}']\n"
        f'custom_hooks = [*_base_.custom_hooks, {hooks}'
        "dict(type='WeightsLog')]\n"
    )
    cfg = Config.fromfile(path)
    source = options.pop('resume', None)
    cfg.merge_from_dict(options)
    cfg.experiment_name = f'{folder}-{averaged}-{sorted(options)}-{source}'
    if source:
        resume_from(cfg, source)
    return Runner.from_cfg(cfg)


def average(history: list[Weights]) -> Weights:
    """Average by the formula; integers stay as they were first."""
    result = {key: value.clone() for key, value in history[0].items()}
    for step, weights in enumerate(history[1:], start=1):
        for key, value in result.items():
            if value.is_floating_point():
                value += 10 / (10 + step) * (weights[key] - value)
    return result


def assert_equal(found: Weights, expected: Weights, **tolerance) -> None:
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(
            found[key], value, **tolerance, msg=lambda text, k=key: k + text
        )


def test_average_is_evaluated_saved_and_published(tmp_path, monkeypatch):
    build(tmp_path).train()
    trained = list(WeightsLog.trained)
    for step in (3, 6, 8):
        assert_equal(WeightsLog.evaluated[step], average(trained[:step]))
    expected = average(trained)
    assert not torch.allclose(
        expected['norm.running_var'], trained[-1]['norm.running_var']
    )

    path = tmp_path / 'run' / 'iter_8.pth'
    content = load_from_local(path)
    assert_equal(content['state_dict'], expected)
    last = content['ema_state_dict']
    del last['steps']
    exact = dict(rtol=0, atol=0)
    assert_equal(last, {f'module.{k}': v for k, v in trained[-1].items()})

    stripped = tmp_path / 'stripped.pth'
    tool = 'tools/model_converters/strip_checkpoint.py'
    run_script(monkeypatch, tool, path, stripped)
    published = load_from_local(stripped)
    assert published.keys() == {'meta', 'state_dict'}
    assert_equal(published['state_dict'], content['state_dict'], **exact)

    for averaged in (True, False):
        for file in (path, stripped):
            WeightsLog.evaluated.clear()
            runner = build(tmp_path, averaged, load_from=str(file))
            check_weights(runner.model, file)
            runner.test()
            assert_equal(
                WeightsLog.evaluated[0], content['state_dict'], **exact
            )


def test_resumed_run_repeats_the_whole_one(tmp_path):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    build(whole).train()
    build(parts, **{'train_cfg.max_iters': 4}).train()
    build(parts, resume='auto').train()
    ends = [load_from_local(f / 'run/iter_8.pth') for f in (whole, parts)]
    for name in ('state_dict', 'ema_state_dict'):
        assert_equal(ends[1][name], ends[0][name], rtol=0, atol=0)
    assert ends[0]['ema_state_dict']['steps'] == 8
    with pytest.raises(SystemExit, match=r'averages its weights.*ema\.py'):
        build(parts, averaged=False, resume='auto')


def test_norm_statistics_of_the_average_are_those_of_all_ranks(
    tmp_path, monkeypatch
):
    runner = build(tmp_path)
    runner.call_hook('before_run')
    (hook,) = (h for h in runner.hooks if hasattr(h, 'ema_model'))
    monkeypatch.setattr(resume, 'get_world_size', lambda: 2)
    monkeypatch.setattr(resume, 'all_reduce', lambda x, op: x.fill_(7))
    resume.average_buffers(runner)
    for module in (runner.model, hook.ema_model.module):
        assert (module.norm.running_mean == 7).all()
    assert hook.ema_model.steps == 0
