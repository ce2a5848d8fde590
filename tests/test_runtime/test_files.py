"""Files are whole or not there; errors name them."""

import errno
import os

import pytest

from mmremax_runtime.files import (
    WriteError,
    check_outputs,
    write_files,
    write_text,
)


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (OSError(errno.ENOSPC, 'No space'), 'No space. Make room there'),
        (OSError('encoder error -2'), 'encoder error -2.'),
    ],
)
def test_an_error_of_the_body_names_the_file(tmp_path, error, text):
    path = tmp_path / 'new' / 'a.png'

    def write() -> None:
        with write_files(path) as (part,):
            part.write_bytes(b'half')
            raise error

    with pytest.raises(WriteError, match=f'a.png cannot be written: {text}'):
        write()
    assert not list(path.parent.iterdir())


def test_other_errors_pass(tmp_path):
    with pytest.raises(FileNotFoundError), write_files(tmp_path / 'a'):
        open(tmp_path / 'none')
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_file_and_a_device_stays_one(tmp_path):
    with pytest.raises(WriteError, match='It is a folder'):
        write_text(tmp_path, 'text')
    pipe = tmp_path / 'pipe'
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, 'text')
    assert os.read(end, 9) == b'text'
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ('files', 'folders', 'says'),
    [
        ([''], [], 'cannot be written: It is a folder'),
        (['a.json/b'], [], 'a.json cannot be made'),
        (['a.json'], [], 'a.json is what this command reads'),
        (['link.json'], [], 'link.json is what this command reads'),
        (['new'], ['data'], 'data is what this command reads'),
        (['new', None, 'new'], [], 'new is the name of two outputs'),
    ],
)
def test_outputs_are_refused_before_the_work(tmp_path, files, folders, says):
    """What is read, what is a folder, what has two names."""
    (tmp_path / 'data').mkdir()
    (tmp_path / 'a.json').write_text('text')
    os.link(tmp_path / 'a.json', tmp_path / 'link.json')
    reads = [tmp_path / 'a.json', None, tmp_path / 'none', tmp_path / 'data']
    with pytest.raises(WriteError, match=says):
        check_outputs(
            *(file and tmp_path / file for file in files),
            folders=[tmp_path / folder for folder in folders],
            reads=reads,
        )
    assert len(list(tmp_path.iterdir())) == 3


def test_good_outputs_leave_their_folder_alone(tmp_path):
    check_outputs(tmp_path / 'new/a', None, folders=[tmp_path / 'b'])
    assert [*tmp_path.rglob('*')] == [tmp_path / 'new']
