"""sweep.py on an untrained quickstart model."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmremax.utils.config_edits import merge_options, set_data_root
from tests.helpers.model_fixture import build_model
from tests.helpers.scripts import ROOT, load_script, run_script

TOOL = 'tools/analysis/sweep.py'
CONFIG = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'
HERE = {
    'test_dataloader.num_workers': 0,
    'test_dataloader.persistent_workers': False,
    'test_dataloader.batch_size': 3,
}


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory) -> Path:
    """An untrained network, `whole.pth` and `stripped.pth`."""
    init_default_scope('mmdet')
    torch.manual_seed(0)
    weights = MODELS.build(Config.fromfile(CONFIG).model).state_dict()
    folder = tmp_path_factory.mktemp('weights')
    torch.save(weights, folder / 'whole.pth')
    weights = {k: v for k, v in weights.items() if 'semantic_head' not in k}
    torch.save(weights, folder / 'stripped.pth')
    return folder


@pytest.fixture
def rows(tmp_path, monkeypatch, shapes_root):
    """Run the tool; return its rows."""
    monkeypatch.setenv('COLUMNS', '120')

    def run(checkpoint: Path, *options: object) -> list[dict]:
        run_script(
            monkeypatch,
            *(TOOL, CONFIG, checkpoint, '--data-root', shapes_root),
            *('--work-dir', tmp_path / 'work', '--no-pretrained'),
            *('--json', tmp_path / 'rows.json', *options, '--cfg-options'),
            *(f'{key}={value}' for key, value in HERE.items()),
        )
        return json.loads((tmp_path / 'rows.json').read_text())

    return run


def test_rows_of_the_grid_best_first(rows, checkpoints, capsys):
    """Also from a stripped checkpoint: only the final output is asked for."""
    grid = ('--thing', 0.7, 0.01, '--pixel', 0.4, 0.35)
    found = rows(checkpoints / 'stripped.pth', *grid)
    assert sorted((r['thing'], r['stuff'], r['pixel']) for r in found) == [
        *itertools.product((0.01, 0.7), (0.5,), (0.35, 0.4))
    ]
    scores = [row['PQ'] for row in found]
    assert scores == sorted(scores, reverse=True)
    assert {row['output'] for row in found} == {'final'}
    assert 'PQ_th' in capsys.readouterr().out
    again = rows(checkpoints / 'stripped.pth', '--thing', 0.7, 0.01, 0.01)
    first = [row for row in found if row['pixel'] == 0.4]
    assert again == first  # a value that is given twice counts once


def test_one_row_for_each_output(rows, checkpoints):
    found = rows(checkpoints / 'whole.pth', '--outputs')
    assert [(row['output'], row['branch']) for row in found] == [
        *itertools.product('012', ('dropped', 'kept')),
        ('final', 'dropped'),
    ]
    with pytest.raises(SystemExit, match=r'Missing keys: \S*semantic_head'):
        rows(checkpoints / 'stripped.pth', '--outputs')
    with pytest.raises(SystemExit, match=r'none\.pth is not there'):
        rows(checkpoints / 'none.pth')


class Recorder(list):
    """In place of an evaluator: the panoptic maps."""

    def process(self, data_samples: list, data_batch: dict) -> None:
        self += [s.pred_panoptic_seg.sem_seg for s in data_samples]

    def evaluate(self, size: int) -> list:
        assert len(self) == size
        return self


def test_as_a_pass_for_each_setting(tmp_path, shapes_root, monkeypatch):
    cfg = Config.fromfile(CONFIG)
    set_data_root(cfg, str(shapes_root))
    merge_options(cfg, HERE)
    cfg.work_dir = str(tmp_path)
    runner = Runner.from_cfg(cfg)
    monkeypatch.setattr(runner, 'build_evaluator', lambda _: Recorder())
    head = runner.model.panoptic_head
    fusion = runner.model.panoptic_fusion_head
    predict, before = head.predict, fusion.test_cfg

    def predict_surely(feats):
        classes, masks = predict(feats)
        return classes, 100 * masks

    monkeypatch.setattr(head, 'predict', predict_surely)
    settings = [
        replace(before, thing_threshold=thing, stuff_threshold=1 - thing)
        for thing in (0.0, 1.0)
    ]
    settings.append(before)
    tool = load_script(TOOL)
    swept = tool['sweep'](runner, settings, False, runner.test_dataloader)
    assert fusion.test_cfg is before
    for setting in settings:
        fusion.test_cfg = setting
        expected = Recorder()
        for batch in runner.test_dataloader:
            expected.process(runner.model.test_step(batch), batch)
        found = swept[tool['FINAL'], setting]
        assert len(found) == len(expected)
        assert all(map(torch.equal, found, expected))
    first, second, _ = swept.values()
    assert not all(map(torch.equal, first, second))


def test_other_models_are_refused(monkeypatch, checkpoints):
    config = ROOT / 'configs/studies/mask2former/mask2former_shapes.py'
    with pytest.raises(SystemExit, match='Mask2Former is no KMaXDeepLab'):
        run_script(monkeypatch, TOOL, config, checkpoints / 'whole.pth')


@torch.no_grad()
def test_outputs_are_the_heads_own_and_eq_2():
    """m_tilde / m = 1 + m_hat, which is positive."""
    model = build_model(with_remax=True).eval()
    head = model.panoptic_head
    feats = model.extract_feat(torch.randn(1, 3, 65, 65))
    every_output = load_script(TOOL)['every_output']
    outputs = {name: logits for name, *logits in every_output(head, feats)}
    final = outputs['final', 'dropped']
    assert all(map(torch.equal, final, head.predict(feats)))
    assert ('final', 'kept') not in outputs
    for i, prediction in enumerate(head(feats)[:-1]):
        classes, masks = outputs[f'{i}', 'dropped']
        same, relaxed = outputs[f'{i}', 'kept']
        assert torch.equal(classes, prediction.class_logits)
        assert torch.equal(classes, same)
        assert masks.shape == relaxed.shape == final[1].shape
        gain = relaxed / masks
        assert (gain > 1).all()
        assert gain.std() > 0
