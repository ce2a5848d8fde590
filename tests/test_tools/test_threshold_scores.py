"""threshold_scores.py on an untrained quickstart model."""

import json
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
QUIET = (
    'test_dataloader.num_workers=0',
    'test_dataloader.persistent_workers=False',
)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    tool = ROOT / 'tools/analysis/threshold_scores.py'
    monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, arguments)])
    runpy.run_path(str(tool), run_name='__main__')


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """An untrained network."""
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(CONFIG).model)
    path = tmp_path / 'random.pth'
    torch.save(model.state_dict(), path)
    return path


def test_rows_of_the_grid_best_first(
    tmp_path, monkeypatch, capsys, shapes_root: Path, checkpoint: Path
) -> None:
    monkeypatch.setenv('COLUMNS', '100')
    call(
        monkeypatch,
        *(CONFIG, checkpoint, '--data-root', shapes_root),
        *('--work-dir', tmp_path / 'work', '--no-pretrained'),
        *('--thing', 0.7, 0.01, '--stuff', 0.5, '--pixel', 0.4, 0.0),
        *('--json', tmp_path / 'rows.json', '--cfg-options', *QUIET),
    )
    rows = json.loads((tmp_path / 'rows.json').read_text())
    assert {(r['thing'], r['stuff'], r['pixel']) for r in rows} == {
        (0.7, 0.5, 0.4),
        (0.7, 0.5, 0.0),
        (0.01, 0.5, 0.4),
        (0.01, 0.5, 0.0),
    }
    scores = [row['PQ'] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert 'PQ_th' in capsys.readouterr().out


def test_a_missing_checkpoint_is_named(tmp_path, monkeypatch) -> None:
    with pytest.raises(SystemExit, match='none.pth is not there'):
        call(monkeypatch, CONFIG, tmp_path / 'none.pth')
