"""A bar on a terminal, lines elsewhere, on a toy run."""

import io
import itertools
import math
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from mmremax.engine import rich_progress_hook
from tests.test_engine.test_hooks import build

HOOKS = dict(custom_hooks=[dict(type='RichProgressHook')])


def test_bar_shows_loss_and_score(tmp_path, monkeypatch):
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=120)
    monkeypatch.setattr(rich_progress_hook, 'Console', lambda **_: console)
    runner = build(tmp_path, HOOKS)
    levels = [handler.level for handler in runner.logger.handlers]
    runner.train()
    for text in ('8/8', 'loss ', 'PQ 7.0'):  # of the last validation
        assert text in terminal.getvalue()
    assert [handler.level for handler in runner.logger.handlers] == levels


@pytest.mark.parametrize(('seconds', 'every'), [(2, 5), (9, 2), (60, 1)])
def test_lines_where_there_is_no_terminal(
    tmp_path, monkeypatch, capsys, seconds, every
):
    """Ten seconds apart, or a step; with steps, loss and time left."""
    runner = build(tmp_path, HOOKS)
    clock = itertools.count(step=seconds)  # is read once a step
    time = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr(rich_progress_hook, 'time', time)
    runner.train()
    steps = next(clock) // seconds
    out = capsys.readouterr().out
    lines = re.findall(r'(train|val) (\d)/(\d)  (.*)  .*:.* left', out)
    assert len(lines) == math.ceil(steps / every)
    assert lines[0][:3] == ('train', '1', '8')
    assert re.fullmatch(r'loss \d+\.\d{3}', lines[0][3])
    last = [line for line in lines if line[0] == 'train'][-1]
    assert every > 1 or re.fullmatch(r'loss .*  PQ 5\.0', last[3])
