"""The page of training memory."""

import re
import runpy
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/analysis/memory_table.py'
PAGE = ROOT / 'docs/memory.md'


@pytest.fixture(scope='module')
def tool() -> dict:
    return runpy.run_path(str(TOOL))


def small() -> Config:
    path = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'
    return Config.fromfile(path)


def test_memory_is_linear_in_the_images(tool):
    """And less in half precision; the fixed part is model and state."""
    init_default_scope('mmdet')
    fixed, one = tool['step_memory'](small(), 1, amp=False)
    _, two = tool['step_memory'](small(), 2, amp=False)
    _, three = tool['step_memory'](small(), 3, amp=False)
    assert three - two == pytest.approx(two - one, rel=0.02)
    _, two_amp = tool['step_memory'](small(), 2, amp=True)
    assert fixed < two_amp < two


def test_page_follows_its_own_rule():
    """The columns N are fixed + N images, for every row."""
    rows = re.findall(r'^\| \[(\S+)\]\(\S+\) \| .*? \| (.*) \|$', read(), re.M)
    assert rows
    for name, cells in rows:
        fixed, image, *totals = map(float, cells.split(' | '))
        for number, total in zip((1, 2, 4, 8), totals, strict=True):
            rounding = 0.05 * (2 + number)
            assert total == pytest.approx(
                fixed + number * image, abs=rounding
            ), name


def read() -> str:
    return PAGE.read_text()


def test_rows_are_kept(tool, tmp_path, monkeypatch, capsys):
    page = tmp_path / 'memory.md'
    update = tool['update']
    update(page, 'remax_r50_coco', '| [remax_r50_coco](a) | old |')
    update(page, 'remax-t_mnv3-s_coco', '| [remax-t_mnv3-s_coco](b) | new |')
    update(page, 'remax_r50_coco', '| [remax_r50_coco](a) | again |')
    assert page.read_text().splitlines()[-2:] == [
        '| [remax-t_mnv3-s_coco](b) | new |',
        '| [remax_r50_coco](a) | again |',
    ]
    monkeypatch.setitem(
        tool['main'].__globals__, 'row', lambda name: f'| [{name}](c) | run |'
    )
    monkeypatch.setattr(
        sys, 'argv', ['m', str(page), '--configs', 'remax_r50_coco']
    )
    tool['main']()
    assert '| [remax_r50_coco](c) | run |' in page.read_text()
    assert '| new |' in page.read_text()
    assert 'run' in capsys.readouterr().out
