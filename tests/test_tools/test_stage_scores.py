"""stage_scores.py on an untrained quickstart model."""

import re
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    tool = ROOT / 'tools/analysis/stage_scores.py'
    monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, arguments)])
    runpy.run_path(str(tool), run_name='__main__')


def test_one_row_for_each_answer(
    tmp_path, monkeypatch, capsys, shapes_root: Path
) -> None:
    init_default_scope('mmdet')
    model = MODELS.build(Config.fromfile(CONFIG).model)
    checkpoint = tmp_path / 'random.pth'
    torch.save(model.state_dict(), checkpoint)
    monkeypatch.setenv('COLUMNS', '120')
    call(
        monkeypatch,
        *(CONFIG, checkpoint, '--data-root', shapes_root),
        *('--work-dir', tmp_path / 'work', '--no-pretrained'),
        *('--cfg-options', 'val_dataloader.num_workers=0'),
        *('val_dataloader.persistent_workers=False',),
    )
    rows = re.findall(
        r'(stage \d|final)\s+│ (kept|dropped)', capsys.readouterr().out
    )
    stages = [
        (f'stage {i}', how) for i in range(3) for how in ('dropped', 'kept')
    ]
    assert rows == [*stages, ('final', 'dropped')]


def test_a_missing_checkpoint_is_named(tmp_path, monkeypatch) -> None:
    with pytest.raises(SystemExit, match='none.pth is not there'):
        call(monkeypatch, CONFIG, tmp_path / 'none.pth')


def test_a_stripped_checkpoint_is_refused(
    tmp_path, monkeypatch, shapes_root: Path
) -> None:
    init_default_scope('mmdet')
    weights = MODELS.build(Config.fromfile(CONFIG).model).state_dict()
    checkpoint = tmp_path / 'stripped.pth'
    torch.save(
        {k: v for k, v in weights.items() if 'semantic_head' not in k},
        checkpoint,
    )
    with pytest.raises(RuntimeError, match='semantic_head.* missing'):
        call(
            monkeypatch,
            *(CONFIG, checkpoint, '--data-root', shapes_root),
            *('--work-dir', tmp_path / 'work', '--no-pretrained'),
        )
