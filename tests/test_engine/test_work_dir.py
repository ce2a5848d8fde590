"""A folder has one writer; a disk that takes no more is said in one line."""

import errno
import logging
import os
from collections import OrderedDict

import pytest
from mmengine.logging import MMLogger

from mmremax.engine import AtomicBackend
from mmremax.engine.work_dir import named_writes
from mmremax_runtime.files import WriteError
from tests.helpers.campaigns import fork, train_tool
from tests.helpers.toy import toy_config


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_checkpoint_that_finds_no_room(tmp_path, monkeypatch, capsys):
    """The files of the first run stay; of the other nothing does."""
    first = ('--cfg-options', 'param_scheduler.0.end=8')
    assert train_tool(toy_config(tmp_path, max_iters=4), *first) == 0
    folder = tmp_path / 'run'
    before = {path: path.read_bytes() for path in folder.glob('*.pth')}
    monkeypatch.setattr(os, 'fsync', full)
    assert train_tool(toy_config(tmp_path), '--resume') == 1
    errors = capsys.readouterr().err
    assert 'Traceback' not in errors
    *_, line = errors.strip().splitlines()
    assert line == (
        f'{folder}/iter_6.pth (0.0 MiB) cannot be written: No space left on '
        'device. Make room there, or write elsewhere. The last checkpoint '
        'is whole: --resume goes on from it.'
    )
    found = {path: path.read_bytes() for path in folder.glob('*.pth')}
    assert found == before
    assert not list(folder.glob('.*.tmp'))


def test_a_log_that_finds_no_room(tmp_path, monkeypatch, capsys):
    # The files of earlier tests are none of this run's.
    monkeypatch.setattr(MMLogger, '_instance_dict', OrderedDict())
    monkeypatch.setattr(logging.FileHandler, 'flush', full)
    assert train_tool(toy_config(tmp_path)) == 1
    errors = capsys.readouterr().err
    assert 'Traceback' not in errors
    *_, line = errors.strip().splitlines()
    assert line.startswith(f'{tmp_path}/run cannot be written: No space')


def test_the_remedy_goes_with_the_reason(tmp_path):
    for number, remedy in (
        (errno.ENOSPC, 'Make room there'),
        (errno.EROFS, 'Choose a folder'),
    ):
        with (
            pytest.raises(WriteError, match=f'a cannot .* {remedy}.* Then b'),
            named_writes('a', 'Then b.'),
        ):
            raise OSError(number, 'reason')
    with pytest.raises(FileNotFoundError), named_writes('a'):
        open(tmp_path / 'none')
    assert logging.FileHandler.handleError is logging.Handler.handleError


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'run').touch()
    run = fork(lambda: train_tool(toy_config(tmp_path)))
    assert run.wait() == 1
    *_, line = run.errors().strip().splitlines()
    assert line == f'{tmp_path}/run: File exists.'
    with pytest.raises(OSError, match='exists'):
        AtomicBackend().put(b'', tmp_path / 'run/a')
