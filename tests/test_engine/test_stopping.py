"""A signal ends a run after its step, with a checkpoint and one line."""

import atexit
import os
import signal
import sys
from types import SimpleNamespace
from unittest import mock

import pytest
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.registry import HOOKS

from mmremax.engine import stopping
from mmremax.engine.stopping import STOPPED, StopRequest
from mmremax.engine.work_dir import LOCK, sole_writer
from mmremax.utils import distributed
from mmremax.utils.config_edits import add_safeguards
from mmremax.visualization import read_scalars
from tests.helpers.campaigns import fork, read_losses, train_tool
from tests.helpers.toy import toy_config


@pytest.fixture(scope='module')
def expected(tmp_path_factory) -> dict[int, str]:
    """Losses of a run that nothing stops."""
    folder = tmp_path_factory.mktemp('whole')
    assert fork(lambda: train_tool(toy_config(folder))).wait() == 0
    return read_losses(folder)


def interruptible() -> None:
    """Undo what a shell does to background jobs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(
    ('number', 'where', 'steps'),
    [
        (signal.SIGINT, 'after_train_iter', 5),
        (signal.SIGTERM, 'before_val_iter', 3),
    ],
)
def test_first_signal_saves_and_resume_continues(
    tmp_path, expected, number, where, steps
):
    config = toy_config(tmp_path)
    run = fork(lambda: train_tool(config, signal_at=(where, steps, number)))
    assert run.wait() == STOPPED, run.errors()
    path = f'{tmp_path}/run/iter_{steps}.pth'
    name = signal.Signals(number).name
    wanted = f'Stopped by {name} after step {steps}: {path} is written'
    assert wanted in run.errors()
    assert 'Traceback' not in run.errors()
    assert list(read_losses(tmp_path)) == [*range(1, steps + 1)]
    (tmp_path / 'losses.0').unlink()
    assert fork(lambda: train_tool(config, '--resume')).wait() == 0
    assert read_losses(tmp_path) == {
        step: loss for step, loss in expected.items() if step > steps
    }
    scored = [
        record['step']
        for record in read_scalars(tmp_path / 'run')
        if 'coco_panoptic/PQ' in record
    ]
    assert scored == [3, 6, 8], 'the validation that was cut comes first'
    assert not list((tmp_path / 'run').glob('.*.tmp'))


@pytest.mark.parametrize(('ranks', 'answers'), [(1, 1), (2, 0)])
def test_a_validation_ends_after_the_image(monkeypatch, ranks, answers):
    monkeypatch.setattr(stopping, 'get_world_size', lambda: ranks)
    runner = SimpleNamespace(iter=3)
    with StopRequest() as request:
        hook = request.hook
        monkeypatch.setattr(hook, '_answer', mock.Mock())
        hook.after_val_iter(runner, 0)
        hook._answer.assert_not_called()
        hook.before_train_iter(runner, 0)
        hook.after_val_iter(runner, 0)
        assert hook._answer.call_args_list == [mock.call(3)] * answers


def test_an_update_is_finished_first(tmp_path):
    config = toy_config(tmp_path)
    options = ('--cfg-options', 'optim_wrapper.accumulative_counts=4')
    at = ('after_train_iter', 5, signal.SIGINT)
    assert fork(lambda: train_tool(config, *options, signal_at=at)).wait()
    assert (tmp_path / 'run/iter_8.pth').is_file()
    assert not (tmp_path / 'run/iter_5.pth').is_file()


def test_before_the_first_step_there_is_nothing_to_save(tmp_path):
    """Mmengine makes a SyntaxError of an interrupt of its formatting."""
    config = toy_config(tmp_path)
    at = ('before_run', 1, signal.SIGINT)
    run = fork(lambda: train_tool(config, signal_at=at))
    assert run.wait() == 130, run.errors()
    assert 'Stopped by SIGINT; no checkpoint was written' in run.errors()
    assert 'Traceback' not in run.errors()
    interruptible()
    with StopRequest() as request:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise SyntaxError('Failed to format the config file') from None
    assert request.status == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_signal_ends_at_once():
    interruptible()
    with StopRequest() as request:
        request.hook.runner = object()
        os.kill(os.getpid(), signal.SIGINT)
        for number in (signal.SIGINT, signal.SIGTERM):
            assert signal.getsignal(number) is signal.SIG_DFL
        request.number = 0


def test_a_folder_has_one_writer(tmp_path):
    stray = tmp_path / '.iter_4.pth.tmp'
    stray.touch()

    def second():
        with sole_writer(tmp_path):
            pass

    with sole_writer(tmp_path):
        assert not stray.exists()
        run = fork(second)
        assert run.wait() == 1
        assert f'written by process {os.getpid()} on' in run.errors()
    assert fork(second).wait() == 0
    assert (tmp_path / LOCK).is_file()


def test_exit_handlers_of_others_run():
    def leave():
        atexit._clear()  # of these tests
        atexit.register(lambda: print('tracker is flushed', file=sys.stderr))
        distributed._exit_at_once(7)

    run = fork(leave)
    assert run.wait() == 7
    assert 'tracker is flushed' in run.errors()


def test_every_checkpoint_hook_is_the_exact_one(tmp_path):
    cfg = Config.fromfile(toy_config(tmp_path))
    cfg.default_hooks.checkpoint.type = 'CheckpointHook'
    cfg.custom_hooks = None
    add_safeguards(cfg)
    hook = HOOKS.build(cfg.default_hooks.checkpoint)
    assert isinstance(hook, CheckpointHook)
    assert hook.backend_args == {'backend': 'atomic'}
    assert [h.type for h in cfg.custom_hooks] == [
        'mmdet.ClassCountCheckHook',
        'mmdet.NonFiniteGuardHook',
    ]
