"""Every tool runs no code from data and says faults in one line."""

import io
import os
import re
import sys

import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from mmremax.utils.tool import each, tool
from mmremax_runtime import ImageError
from tests.helpers.scripts import ROOT

# What opens a config, a checkpoint or an annotation file.
READS = re.compile(r'\b((open|read|load)_config|load_checkpoint)\(')


def test_each_does_the_rest_and_leaves_at_the_end(capsys):
    done = []

    def work(item: int) -> None:
        if item == 2:
            raise ImageError('b.png is no image.')
        done.append(item)

    with pytest.raises(SystemExit, match='1 of 3 failed'):
        each([1, 2, 3], work)
    assert done == [1, 3]
    assert capsys.readouterr().err == 'b.png is no image.\n'
    each([1, 3], work)


def test_a_tool_says_one_line_and_leaves_mmengine_as_it_was():
    before = CheckpointLoader._schemes

    @tool()
    def main() -> None:
        assert CheckpointLoader._schemes is not before
        raise ImageError('b.png is no image.')

    with pytest.raises(SystemExit, match='^b.png is no image.$'):
        main()
    assert CheckpointLoader._schemes is before


def test_every_tool_and_command_that_reads_them_is_guarded():
    guards = ('@tool()', '@safe_loading()', 'with safe_loading()')
    files = [
        path
        for folder in ('tools', 'demo', 'mmremax/commands')
        for path in (ROOT / folder).rglob('*.py')
    ]
    readers = [path for path in files if READS.search(path.read_text())]
    assert len(readers) > 9
    for path in readers:
        text = path.read_text()
        assert any(guard in text for guard in guards), path


def test_names_that_are_no_utf8_are_printed(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding='utf-8')
    monkeypatch.setattr(sys, 'stdout', out)
    with tool():
        print(os.fsdecode(b'bad\xff.png'), flush=True)
    assert out.buffer.getvalue() == b'bad\\udcff.png\n'
