"""A run that is killed and resumed repeats the run that was not."""

import io
import multiprocessing
import os
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn

from mmremax.engine import AtomicBackend, resume
from mmremax.engine.resume import (
    ResumableCheckpointHook,
    average_buffers,
    get_random_states,
    positioned,
    set_random_states,
)
from mmremax.utils.fetched_weights import CheckpointError
from mmremax.utils.resume import find_last_checkpoint, resume_from
from mmremax.utils.safe_loading import load_from_local
from mmremax_runtime.errors import InputError
from tests.helpers.toy import toy_config


def run(config: Path, resume: bool = False, **options) -> Runner:
    """Train in this process."""
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(options)
    cfg.experiment_name = f'{config.parent.name}-{resume}-{len(options)}'
    if resume:
        resume_from(cfg, 'auto')
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def losses(folder: Path) -> dict[int, str]:
    """Read the exact loss of each step; the last entry of a step counts."""
    lines = (folder / 'losses.0').read_text().splitlines()
    return {int(step): loss for step, loss in map(str.split, lines)}


@pytest.fixture
def one_thread() -> Iterator[None]:
    """A fork has no other; sums depend on their number."""
    number = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(number)


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    for name in ('whole', 'killed'):
        (tmp_path / name).mkdir()
    return tmp_path / 'whole', tmp_path / 'killed'


def test_killed_run_repeats_the_losses_of_the_whole_one(folders, one_thread):
    """SIGKILL in step 7, after checkpoint 6 and its validation.

    The validations (steps 3, 6) draw random numbers, and 6 saves the step
    twice, as its score is the best so far.
    """
    whole, killed = folders
    run(toy_config(whole))
    expected = losses(whole)

    config = toy_config(killed)
    kill = config.read_text().replace("losses')", "losses', kill_at=7)")
    config.write_text(kill)
    context = multiprocessing.get_context('fork')
    process = context.Process(target=run, args=(config,))
    process.start()
    process.join()
    assert process.exitcode == -9
    assert list(losses(killed)) == [1, 2, 3, 4, 5, 6, 7]
    files = {path.name for path in (killed / 'run').glob('iter_*')}
    assert files == {'iter_4.pth', 'iter_6.pth'}

    (killed / 'losses.0').unlink()
    run(toy_config(killed), resume=True)
    assert losses(killed) == {step: expected[step] for step in (7, 8)}
    for name in ('iter_8.pth', 'best_coco_panoptic_PQ_iter_8.pth'):
        ends = [
            load_from_local(folder / 'run' / name)['state_dict']
            for folder in (whole, killed)
        ]
        for key, value in ends[0].items():
            assert torch.equal(value, ends[1][key]), key


def test_resume_takes_the_seed_and_load_from_weights_alone(folders):
    whole, killed = folders
    run(toy_config(whole), **{'randomness.seed': 5})
    half = {'train_cfg.max_iters': 4, 'param_scheduler.0.end': 8}
    run(toy_config(killed), **{'randomness.seed': 5}, **half)
    (killed / 'losses.0').unlink()
    run(toy_config(killed), resume=True)
    expected = losses(whole)
    assert losses(killed) == {step: expected[step] for step in (5, 6, 7, 8)}
    weights = str(whole / 'run' / 'iter_8.pth')
    for keep_seed, seed in ((False, 5), (True, 7)):
        cfg = Config.fromfile(toy_config(killed))
        cfg.randomness = dict(seed=7)
        resume_from(cfg, weights, keep_seed)
        assert cfg.randomness.seed == seed
    # `load_from` takes weights, not steps and random states.
    (killed / 'losses.0').unlink()
    assert run(toy_config(killed), load_from=weights).iter == 8
    assert list(losses(killed)) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_validation_alone_keeps_no_weights(tmp_path):
    cfg = Config.fromfile(toy_config(tmp_path))
    assert Runner.from_cfg(cfg).val() == {'coco_panoptic/PQ': 0.0}
    assert not list((tmp_path / 'run').glob('*.pth'))
    option = {'default_hooks.checkpoint.save_best': 'PQ'}
    with pytest.raises(InputError, match="is 'PQ', but .* coco_panoptic/PQ"):
        run(toy_config(tmp_path), **option)


def test_a_best_score_within_an_update_saves_no_step(tmp_path):
    """Validations after steps 3 and 6, of updates of two steps."""
    options = {
        'optim_wrapper.accumulative_counts': 2,
        'default_hooks.checkpoint.max_keep_ckpts': 9,
    }
    run(toy_config(tmp_path), **options)
    files = {path.name for path in (tmp_path / 'run').glob('iter_*.pth')}
    assert files == {f'iter_{step}.pth' for step in (2, 4, 6, 8)}


def test_an_interrupted_write_leaves_the_previous_file(tmp_path, monkeypatch):
    path = tmp_path / 'iter_2.pth'
    AtomicBackend().put(b'whole', path)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'replace', killed)
    with pytest.raises(KeyboardInterrupt):
        AtomicBackend().put(b'half', path)
    assert path.read_bytes() == b'whole'


def test_a_file_reaches_the_disk_before_its_name(tmp_path, monkeypatch):
    """A rename may outlive a power cut that its content does not."""
    calls = []
    for name in ('fsync', 'replace'):
        function = getattr(os, name)

        def recorded(*args, name=name, function=function):
            calls.append(name)
            function(*args)

        monkeypatch.setattr(os, name, recorded)
    AtomicBackend().put(b'whole', tmp_path / 'iter_2.pth')
    assert calls == ['fsync', 'replace']


def test_older_checkpoints_go_only_after_the_new_one(folders, monkeypatch):
    """A write that fails at step 6 leaves steps 2 and 4 whole."""
    put = AtomicBackend.put

    def fails_at_6(self, obj, filepath):
        if 'iter_6' in str(filepath):
            raise OSError('disk full')
        put(self, obj, filepath)

    monkeypatch.setattr(AtomicBackend, 'put', fails_at_6)
    no_val = dict(val_cfg=None, val_dataloader=None, val_evaluator=None)
    with pytest.raises(OSError, match='disk full'):
        run(toy_config(folders[0]), **no_val)
    folder = folders[0] / 'run'
    files = {path.name for path in folder.glob('iter_*')}
    assert files == {'iter_2.pth', 'iter_4.pth'}
    assert find_last_checkpoint(str(folder)).endswith('iter_4.pth')
    load_from_local(folder / 'iter_4.pth')


@pytest.mark.parametrize('content', [None, '', '/moved/away/iter_4.pth'])
def test_last_checkpoint_is_found_without_its_pointer(tmp_path, content):
    for step in (2, 4, 10):
        (tmp_path / f'iter_{step}.pth').touch()
    if content is not None:
        (tmp_path / 'last_checkpoint').write_text(content)
    expected = 'iter_4.pth' if content else 'iter_10.pth'
    assert find_last_checkpoint(str(tmp_path)).endswith(expected)
    assert find_last_checkpoint(str(tmp_path / 'none')) is None


def test_positioned_iterator_reads_nothing_that_it_skips():
    """The original mmengine asks for every batch since the start."""
    loader = iter('cd')
    batches = positioned(loader, 2)
    assert [next(batches), next(batches)] == [None, None]
    assert next(loader) == 'c', 'nobody has read it yet'
    assert next(batches) == 'd'


def test_the_sampler_skips_the_images_of_the_steps():
    loop = mock.Mock(spec=IterBasedTrainLoop)
    loop.dataloader = mock.Mock(batch_size=4)
    loop.dataloader_iterator = iter('ab')  # of the original mmengine
    runner = SimpleNamespace(iter=3, train_loop=loop)
    resume.ResumePositionHook().before_train(runner)
    loop.dataloader.sampler.skip.assert_called_once_with(12)
    loop.dataloader_iterator = SimpleNamespace(skip_iter=None)
    resume.ResumePositionHook().before_train(runner)
    loop.dataloader.sampler.skip.assert_called_once()


def draw() -> list[float]:
    return [
        *(random.random(), random.gauss(0, 1), float(torch.rand(()))),
        np.random.rand(),  # noqa: NPY002
        np.random.randn(),  # noqa: NPY002
    ]


def test_streams_continue_after_a_round_trip_through_a_file():
    """One draw first: a cached Gaussian is part of the state."""
    draw()
    file = io.BytesIO()
    torch.save(get_random_states(), file)
    expected = draw()
    file.seek(0)
    set_random_states(torch.load(file, weights_only=True))
    assert draw() == expected


@pytest.mark.parametrize(('step', 'size'), [(4, 2), (0, 2), (4, 3)])
def test_a_rank_goes_on_with_its_own_streams(monkeypatch, step, size):
    """Not at step 0, that of `load_from`, nor with other ranks."""
    states, draws = [], []
    for seed in (1, 2):
        torch.manual_seed(seed)
        states.append(get_random_states())
        draws.append(draw())
    here = get_random_states()
    fresh = draw()
    set_random_states(here)
    monkeypatch.setattr(resume, 'get_rank', lambda: 1)
    monkeypatch.setattr(resume, 'get_world_size', lambda: size)
    said = []
    logger = SimpleNamespace(warning=said.append)
    hook = ResumableCheckpointHook()
    hook.to_restore = states
    hook.before_train_iter(SimpleNamespace(iter=step, logger=logger), 0)
    assert draw() == (draws[1] if (step, size) == (4, 2) else fresh)
    assert len(said) == (size == 3)


def test_statistics_are_the_mean_over_the_ranks(monkeypatch):
    """Here of 0 and of what another rank holds, 4."""

    def reduce(buffer, op):
        both = torch.stack([buffer, torch.full_like(buffer, 4)])
        buffer.copy_(
            getattr(torch, dict(mean='mean', max='amax')[op])(both, 0)
        )

    monkeypatch.setattr(resume, 'get_world_size', lambda: 2)
    monkeypatch.setattr(resume, 'all_reduce', reduce)
    ema = EMAHook()
    model, ema.ema_model = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    average_buffers(SimpleNamespace(model=model, hooks=[ema]))
    for norm in (model, ema.ema_model):
        assert norm.running_mean.tolist() == [2] * 3
        assert norm.running_var.tolist() == [2.5] * 3
        assert norm.num_batches_tracked == 0


def test_weights_of_another_shape_are_refused_not_left_out():
    """Mmengine warns, and goes on with the random ones of the model."""
    hook = ResumableCheckpointHook()
    runner = SimpleNamespace(model=nn.Linear(2, 3), _load_from='a.pth')
    weights = dict(weight=torch.ones(3, 2))
    hook.after_load_checkpoint(runner, dict(state_dict=weights))
    weights['weight'] = torch.ones(3, 4)
    for content in (weights, dict(state_dict=weights)):
        with pytest.raises(CheckpointError, match=r'a\.pth .*weight \(3, 4\)'):
            hook.after_load_checkpoint(runner, content)
