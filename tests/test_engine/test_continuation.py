"""What --resume promises is what is checked."""

import copy
import shutil
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from torch import nn

from mmremax.engine.continuation import (
    ContinuationError,
    ContinuationHook,
    describe_data,
    differences,
    settings_of,
    stay_here,
)
from mmremax.utils.resume import find_last_checkpoint, resume_from
from tests.helpers.toy import ToyDataset, toy_config


@pytest.fixture
def cfg(tmp_path) -> Config:
    return Config.fromfile(toy_config(tmp_path))


def resumed(cfg: Config, length: int = 64, width: int = 8) -> SimpleNamespace:
    """Make what the hook reads of a runner."""
    return SimpleNamespace(
        _resume=True,
        _load_from='FILE',
        work_dir='here',
        model=nn.Linear(width, 1),
        train_dataloader=SimpleNamespace(dataset=ToyDataset(length)),
        logger=SimpleNamespace(warning=pytest.fail),
        hook=ContinuationHook(settings_of(cfg)),
    )


def saved_by(runner: SimpleNamespace) -> dict:
    checkpoint = dict(
        state_dict=runner.model.state_dict(),
        optimizer={},
        message_hub=dict(runtime_info={}),
    )
    runner.hook.before_save_checkpoint(runner, checkpoint)
    return checkpoint


def test_the_same_run_goes_on_also_from_elsewhere(cfg):
    checkpoint = saved_by(resumed(cfg))
    cfg.train_dataloader.dataset.data_root = 'elsewhere/'
    cfg.train_dataloader.num_workers = 3
    cfg.train_cfg.max_iters = 99
    runner = resumed(cfg)
    runner.hook.before_train(runner)
    runner.hook.after_load_checkpoint(runner, checkpoint)


@pytest.mark.parametrize(
    ('key', 'value', 'said'),
    [
        ('optim_wrapper.optimizer.lr', 0.5, 'is 0.01 in the run, 0.5 now'),
        ('param_scheduler.0.end', 16, 'is 8 in the run, 16 now'),
        ('optim_wrapper.accumulative_counts', 2, 'is absent in the run, 2'),
        ('train_dataloader.batch_size', 2, 'is 4 in the run, 2 now'),
        ('train_dataloader.sampler.shuffle', False, 'True in the run, False'),
    ],
)
def test_other_settings_are_refused(cfg, key, value, said):
    checkpoint = saved_by(resumed(cfg))
    cfg.merge_from_dict({key: value})
    runner = resumed(cfg)
    with pytest.raises(ContinuationError) as error:
        runner.hook.after_load_checkpoint(runner, checkpoint)
    assert f'--resume FILE: this would not continue the run: {key}' in str(
        error.value
    )
    assert said in str(error.value)
    runner._resume = False  # weights to start from
    runner.hook.after_load_checkpoint(runner, checkpoint)


def test_other_data_shapes_and_processes_are_refused(cfg, monkeypatch):
    checkpoint = saved_by(resumed(cfg))
    runner = resumed(cfg, length=63)
    with pytest.raises(ContinuationError, match=r'64 images .* 63 images'):
        runner.hook.after_load_checkpoint(runner, checkpoint)
    runner = resumed(cfg, width=9)
    with pytest.raises(ContinuationError, match=r'weight \(1, 8\) instead'):
        runner.hook.after_load_checkpoint(runner, checkpoint)
    runner = resumed(cfg)
    where = 'mmremax.engine.continuation'
    monkeypatch.setattr(f'{where}.get_world_size', lambda: 2)
    with pytest.raises(ContinuationError, match='processes is 1 in the run'):
        runner.hook.after_load_checkpoint(runner, checkpoint)


def test_an_older_file_is_taken_with_a_warning(cfg):
    runner, warnings = resumed(cfg), []
    checkpoint = saved_by(runner)
    del checkpoint['run']
    runner.logger.warning = warnings.append
    runner.hook.after_load_checkpoint(runner, checkpoint)
    assert 'they are not compared' in warnings[0]


def test_annotations_are_part_of_the_data():
    def described(names, parts):
        data = ToyDataset(len(names))
        data.get_data_info = lambda i: dict(
            img_path=f'any/{names[i]}', segments_info=parts[i]
        )
        return describe_data(data)

    first = described('ab', [[1], [2]])
    assert first == described('ab', [[3], [4]])
    assert first.startswith('2 images')
    for other in (described('ba', [[1], [2]]), described('ab', [[1], []])):
        assert other != first
    assert differences({}, {}, '', '') == ''


def test_a_copied_folder_leaves_the_original_alone(tmp_path):
    original, copied = tmp_path / 'original', tmp_path / 'copied'
    original.mkdir()
    path = original / 'iter_4.pth'
    path.touch()
    (original / 'last_checkpoint').write_text(str(path))
    shutil.copytree(original, copied)
    assert find_last_checkpoint(copied) == str(copied / 'iter_4.pth')
    (copied / 'iter_4.pth').unlink()
    with pytest.raises(SystemExit, match='not in .*copied'):
        find_last_checkpoint(copied)
    info = dict(best_ckpt=str(path), best_score=3.0, last_ckpt=None)
    stay_here(info, str(copied))
    assert info == dict(
        best_ckpt=str(copied / 'iter_4.pth'), best_score=3.0, last_ckpt=None
    )


def test_only_the_state_of_a_run_is_resumed(tmp_path, cfg):
    whole = dict(
        meta=dict(iter=6, seed=0),
        state_dict={},
        optimizer={},
        param_schedulers=[],
        message_hub=MessageHub.get_instance('resume').state_dict(),
    )
    path = tmp_path / 'best_PQ_iter_6.pth'
    for part in ('optimizer', 'param_schedulers', 'message_hub'):
        torch.save({k: v for k, v in whole.items() if k != part}, path)
        with pytest.raises(SystemExit, match=f'it lacks {part}. Resume from'):
            resume_from(copy.deepcopy(cfg), str(path))
    torch.save(whole, path)
    cfg.optim_wrapper.accumulative_counts = 4
    with pytest.raises(SystemExit, match='step 6 lies within one'):
        resume_from(cfg, str(path))
    cfg.optim_wrapper.accumulative_counts = 3
    resume_from(cfg, str(path))
    assert cfg.resume
