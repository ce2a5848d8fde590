"""Rows of memory, and what fits a card."""

import json

import pytest

from tests.helpers.scripts import ROOT, run_script

TOOL = 'tools/analysis/get_memory.py'
CONFIG = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'


def test_a_row_for_each_config(monkeypatch, capsys, tmp_path):
    path = tmp_path / 'new' / 'memory.json'
    shape = ('--shape', 65, 97, '--segments', 5, '--json', path)
    run_script(monkeypatch, TOOL, CONFIG, *shape)
    numbers = json.loads(path.read_text())['remax_mnv3-s_shapes']
    assert numbers['made'] == sum(numbers['by_operator'].values()) > 0
    fixed, made = (numbers[key] / 2**30 for key in ('fixed', 'made'))
    row = f'| remax_mnv3-s_shapes | {fixed:.2f} | {made:.2f} |\n'
    assert capsys.readouterr().out == row
    run_script(monkeypatch, TOOL, CONFIG, *shape, '--gpu', 99, '--amp')
    assert capsys.readouterr().out.endswith('99.0 GB are enough.\n')


def test_other_models_are_named(monkeypatch):
    mask2former = 'mask2former/mask2former-remax_r50_coco-panoptic.py'
    with pytest.raises(SystemExit, match='KMaXDeepLab alone'):
        run_script(monkeypatch, TOOL, ROOT / 'configs' / mask2former)
