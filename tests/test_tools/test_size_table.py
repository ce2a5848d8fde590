"""The page of sizes: every model, near the published numbers."""

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/analysis/size_table.py'
PAGE = ROOT / 'docs/model_sizes.md'


def test_page_is_near_the_published_numbers():
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in PAGE.read_text().splitlines()
        if line.startswith('| [')
    ]
    assert len(rows) == len(published := load())
    for name, _, params, paper_params, macs, paper_macs, _ in rows:
        assert re.match(r'\[(.*?)\]', name)[1] in published
        if paper_params:
            count = int(params.replace(',', '')) / 1e6
            assert count == pytest.approx(number(paper_params), rel=0.01)
        if paper_macs:
            assert number(macs) == pytest.approx(number(paper_macs), rel=0.05)


def number(cell: str) -> float:
    return float(cell.split()[0])


def load() -> dict:
    return runpy.run_path(str(TOOL))['PUBLISHED']


def test_command_writes_a_row(tmp_path, monkeypatch, capsys):
    """With one small model in the place of all."""
    tool = runpy.run_path(str(TOOL))
    name = 'remax-t_mnv3-s_coco'
    monkeypatch.setitem(
        tool['main'].__globals__, 'PUBLISHED', {name: tool['PUBLISHED'][name]}
    )
    monkeypatch.setattr(sys, 'argv', ['size_table', str(tmp_path / 'a.md')])
    tool['main']()
    (row,) = [
        line
        for line in (tmp_path / 'a.md').read_text().splitlines()
        if name in line
    ]
    assert '| 641 x 641 | 18,628,000 | 18.6 M | 19.5 G | 18.8 G |' in row
    assert '1 models' in capsys.readouterr().out
