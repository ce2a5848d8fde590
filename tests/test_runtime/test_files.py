"""Files are whole or not there; errors name them."""

import errno
import os

import pytest

from mmremax_runtime.files import WriteError, write_files, write_text


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
