"""Leaving torch's process groups."""

from torch import distributed

from mmremax.utils import process_group
from mmremax.utils.process_group import leave_process_group


def test_a_single_process_has_none_to_leave():
    leave_process_group()
    assert not distributed.is_initialized()


def test_every_group_is_left(tmp_path, monkeypatch):
    at_exit = []  # the real one would end these tests with status 0
    monkeypatch.setattr(process_group.atexit, 'register', at_exit.append)
    distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    distributed.new_group([0])
    leave_process_group()
    assert not distributed.is_initialized()
    assert process_group._exit_at_once in at_exit
