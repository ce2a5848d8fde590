"""Starting distributed runs, and leaving torch's process groups."""

import os

from torch import distributed as torch_distributed

from mmremax.utils import distributed


def test_slurm_variables_are_translated(monkeypatch):
    values = dict(
        SLURM_PROCID='1', SLURM_NTASKS='2', SLURM_LOCALID='1', MASTER_ADDR='a'
    )
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE'):
        monkeypatch.setenv(name, 'unset')
    monkeypatch.delenv('LOCAL_WORLD_SIZE')
    monkeypatch.delenv('MASTER_PORT', raising=False)
    distributed.use_slurm_environment()
    names = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_PORT')
    assert [os.environ[name] for name in names] == ['1', '2', '1', '29500']


def test_a_single_process_has_none_to_leave():
    distributed.leave_process_group()
    assert not torch_distributed.is_initialized()


def test_every_group_is_left(tmp_path, monkeypatch):
    at_exit = []  # the real one would end these tests with status 0
    register = lambda *call: at_exit.append(call)  # noqa: E731
    monkeypatch.setattr(distributed.atexit, 'register', register)
    torch_distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    torch_distributed.new_group([0])
    distributed.leave_process_group(75)
    assert not torch_distributed.is_initialized()
    assert at_exit == [(distributed._exit_at_once, 75)]
