"""The tools on the quickstart model: train, resume, test, one and two."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.hooks import IterTimerHook, LoggerHook
from PIL import Image

from mmremax.commands import test, train
from mmremax.utils.safe_loading import load_from_local
from tests.helpers.scripts import ROOT

CONFIG = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'

SMALL = f"""
_base_ = ['{CONFIG}']
custom_imports = dict(
    imports=['mmremax', 'tests.helpers.toy'], allow_failed_imports=False)
train_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
val_dataloader = dict(batch_size=1, num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
train_cfg = dict(max_iters=3, val_interval=10)
# Low thresholds: an untrained model predicts something.
model = dict(test_cfg=dict(
    pixel_threshold=0.34, thing_threshold=0.0, stuff_threshold=0.0,
    overlap_threshold=0.0, instance_on=True, semantic_on=True))
test_evaluator = [dict(type='PanopticQualityMetric'),
                  dict(type='InstanceAPMetric'), dict(type='MeanIoUMetric')]
default_hooks = dict(checkpoint=dict(
    interval=2, max_keep_ckpts=2, save_best=None))
custom_hooks = _base_.custom_hooks + [
    dict(type='LossLog', path='FOLDER/losses')]
"""


@pytest.fixture
def config(tmp_path) -> Path:
    path = tmp_path / 'small.py'
    path.write_text(SMALL.replace('FOLDER', str(tmp_path)))
    return path


def start_two(target: Callable[[], None]) -> None:
    """Call it in two forks that find each other as torchrun's processes do.

    The launcher itself trains below; see also test_launchers.py.
    """
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    common = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    # One thread each: those of the parent are gone.
    common |= dict(WORLD_SIZE='2', LOCAL_WORLD_SIZE=str(os.cpu_count()))

    def start(rank: int) -> None:
        os.environ.update(common, RANK=str(rank), LOCAL_RANK=str(rank))
        target()

    context = multiprocessing.get_context('fork')
    processes = [context.Process(target=start, args=(i,)) for i in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0


def read_losses(folder: Path, rank: int) -> dict[int, str]:
    lines = (folder / f'losses.{rank}').read_text().splitlines()
    return {int(step): loss for step, loss in map(str.split, lines)}


def read_scores(work_dir: Path) -> dict:
    (path,) = work_dir.glob('2*/*.json')
    return json.loads(path.read_text())


def test_train_resume_and_test(
    tmp_path, config, shapes_root, monkeypatch, run_tool
):
    """Resuming at step 2 repeats step 3 of the whole run, bit for bit."""
    leave = mock.Mock()  # a process that keeps its group may die at its end
    for command in (train, test):
        monkeypatch.setattr(command, 'leave_process_group', leave)
    run = tmp_path / 'run'
    data = ('--data-root', shapes_root)
    common = (*data, '--work-dir', run)
    run_tool('train.py', config, '--no-pretrained', *common)
    whole = read_losses(tmp_path, 0)
    assert list(whole) == [1, 2, 3]
    for path in (run / 'iter_3.pth', run / 'last_checkpoint'):
        path.unlink()
    (tmp_path / 'losses.0').unlink()
    run_tool('train.py', config, '--resume', *common)
    assert read_losses(tmp_path, 0) == {3: whole[3]}

    checkpoint, stripped = run / 'iter_3.pth', tmp_path / 'stripped.pth'
    run_tool('model_converters/strip_checkpoint.py', checkpoint, stripped)
    weights = torch.load(stripped, weights_only=True)['state_dict']
    full = load_from_local(checkpoint)['state_dict']
    gone = {key.split('.')[1] for key in full if key not in weights}
    assert gone == {'auxiliary_semantic_head', 'semantic_head'}

    scores = []
    for name, file in (('full', checkpoint), ('stripped', stripped)):
        out = tmp_path / name
        options = ('--dump', out / 'dump', '--out', out / 'samples.pkl')
        options += ('--json', out / 'scores.json', '--work-dir', out)
        run_tool('test.py', config, file, *data, *options)
        content = json.loads((out / 'scores.json').read_text())
        logged = read_scores(out)
        for key in ('coco_panoptic/PQ', 'instance/AP', 'semantic/mIoU'):
            assert content['scores'][key] == pytest.approx(logged[key])
        counts = {k: len(v) for k, v in content['classes'].items()}
        assert counts == dict(coco_panoptic=10, instance=6, semantic=10)
        scores.append(content)
        assert (out / 'dump' / 'panoptic.json').is_file()
        assert (out / 'samples.pkl').is_file()
    assert scores[0] == scores[1]
    assert leave.call_count == 4  # trained and tested twice
    with pytest.raises(SystemExit, match=r'^nowhere\.pth is not there'):
        run_tool('test.py', config, 'nowhere.pth')


def test_a_tracker_without_its_package_is_named(
    tmp_path, config, shapes_root, monkeypatch, run_tool
):
    monkeypatch.setattr('mmremax.engine.tracking.find_spec', lambda _: None)
    options = ('--data-root', shapes_root, '--work-dir', tmp_path)
    with pytest.raises(SystemExit, match='--vis mlflow: .* pip install'):
        run_tool('train.py', config, *options, '--vis', 'mlflow')


def test_rank_0_alone_logs_the_scores(monkeypatch):
    """Two that write one file at once leave what nobody can read."""
    timer, logger = IterTimerHook(), LoggerHook()
    runner = SimpleNamespace(hooks=[timer, logger])
    test.log_scores_once(runner)
    assert runner.hooks == [timer, logger]
    monkeypatch.setattr(test, 'is_main_process', lambda: False)
    test.log_scores_once(runner)
    assert runner.hooks == [timer]


def test_two_processes_without_cuda(tmp_path, config, shapes_root, run_tool):
    """Weights stay equal, losses finite; the test gives the same maps."""
    data = ('--data-root', shapes_root)
    run = tmp_path / 'run'
    script = ('bash', ROOT / 'tools/dist_train.sh', config, '2', '--amp')
    process = subprocess.run(
        [*script, *data, '--work-dir', run],
        cwd='/',
        env=os.environ | {'PYTHONPATH': str(ROOT), 'PYTHON': sys.executable},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert 'bfloat16 autocast' in process.stdout + process.stderr
    losses = [read_losses(tmp_path, rank) for rank in (0, 1)]
    assert losses[0] != losses[1]
    values = [float.fromhex(x) for one in losses for x in one.values()]
    assert len(values) == 6
    assert np.isfinite(values).all()
    digests = {path.read_text() for path in tmp_path.glob('losses.weights.?')}
    assert len(digests) == 1

    checkpoint = run / 'iter_3.pth'
    assert len(load_from_local(checkpoint)['random_states']) == 2
    folders = tmp_path / 'test1', tmp_path / 'test2'
    how = [(*data, '--work-dir', f, '--dump', f / 'dump') for f in folders]
    run_tool('test.py', config, checkpoint, *how[0])
    command = ('test.py', config, checkpoint, '--launcher', 'pytorch')
    start_two(lambda: run_tool(*command, *how[1]))
    one, two = map(read_scores, folders)
    names = [f'coco_panoptic/{n}' for n in ('PQ', 'SQ', 'RQ', 'PQ_th')]
    for key in (*names, 'instance/AP', 'semantic/mIoU'):
        assert one[key] == pytest.approx(two[key], abs=1e-9, nan_ok=True)
    maps = [sorted((f / 'dump' / 'panoptic').iterdir()) for f in folders]
    assert len(maps[0]) == 4
    for pair in zip(*maps, strict=True):
        assert np.array_equal(*map(Image.open, pair))
