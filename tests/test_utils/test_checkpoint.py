"""Checkpoints are read without running code, and compared with a model."""

import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmremax.kmax.head import KMaXHead
from mmremax.utils.checkpoint import (
    TRAINING_ONLY_PREFIXES,
    check_weights,
    is_training_only,
    load_from_local,
    misfits,
    safe_loading,
)


class Sneaky:
    """Runs a command when unpickled by a loader that trusts."""

    def __reduce__(self):
        return os.system, ('true',)


def test_history_and_numpy_load_without_trust(tmp_path):
    """getattr, of which the history needs one use, is a stand-in."""
    path = tmp_path / 'run.pth'
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    torch.save(dict(history=history, number=np.float64(3), get=getattr), path)
    loaded = load_from_local(path)
    assert loaded['history'].mean() == 1.5
    assert loaded['number'] == 3
    assert loaded['get'](HistoryBuffer, 'mean') is HistoryBuffer.mean
    for owner, name in ((os, 'system'), (HistoryBuffer, '__init__')):
        with pytest.raises(pickle.UnpicklingError):
            loaded['get'](owner, name)


def test_files_that_are_missing_truncated_or_no_checkpoint(tmp_path):
    path = tmp_path / 'iter_2.pth'
    with pytest.raises(FileNotFoundError, match=r'iter_2\.pth'):
        load_from_local(path)
    torch.save(dict(state_dict=dict(w=torch.zeros(1000))), path)
    whole = path.read_bytes()
    for kept in (0, 100, 3000):
        path.write_bytes(whole[:kept])
        with pytest.raises(RuntimeError, match='cannot be read') as error:
            load_from_local(path)
        assert f'{path} ({kept:,} bytes)' in str(error.value)
    path.write_text('<html>404</html>')
    with pytest.raises(RuntimeError, match='not a checkpoint'):
        load_from_local(path)


def test_code_is_not_run_and_mmengine_refuses_it_for_a_while(tmp_path):
    path = tmp_path / 'sneaky.pth'
    torch.save(dict(value=Sneaky()), path)
    theirs = dict(CheckpointLoader._schemes)
    with pytest.raises(RuntimeError, match='--trust') as error:
        load_from_local(path)
    assert 'system' in str(error.value)
    with pytest.raises(RuntimeError, match='--trust'), safe_loading():
        CheckpointLoader.load_checkpoint(str(path))
    assert list(CheckpointLoader._schemes.items()) == list(theirs.items())


def test_one_list_of_training_only_branches():
    assert TRAINING_ONLY_PREFIXES == tuple(
        f'panoptic_head.{name}.' for name in KMaXHead.training_only
    )
    assert is_training_only('panoptic_head.semantic_head.branches.0.weight')
    assert not is_training_only('panoptic_head.pixel_decoder.norm.weight')


def test_all_misfits_are_named_together():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    wanted = model.state_dict()
    weights = dict(wanted)
    del weights['1.num_batches_tracked']  # a counter may be missing
    assert misfits(weights, wanted) == ''
    del weights['1.weight'], weights['1.running_var']
    weights.update({'0.bias': torch.zeros(5), 'extra': torch.zeros(1)})
    assert misfits(weights, wanted) == (
        'Missing keys: 1.running_var, 1.weight. Unknown keys: extra. '
        'Wrong shapes: 0.bias (5,) instead of (3,).'
    )
    assert 'extra' not in misfits(weights, wanted, optional=['extra'])
    many = {str(i): torch.zeros(1) for i in range(10)}
    assert '0, 1, 2, 3, 4, 5, 6, 7 and 2 more' in misfits(many, {})


def test_a_checkpoint_fits_or_is_refused(tmp_path):
    """Training-only branches may be missing, or be there without need."""

    def model(with_branch):
        names = ['pixel_decoder', *['semantic_head'] * with_branch]
        parts = {name: nn.Linear(2, 3) for name in names}
        return nn.ModuleDict(dict(panoptic_head=nn.ModuleDict(parts)))

    for with_branch in (True, False):
        weights = {
            f'module.{key}': value
            for key, value in model(with_branch).state_dict().items()
        }
        path = tmp_path / f'{with_branch}.pth'
        torch.save(dict(state_dict=weights), path)
        for wanted in (True, False):
            check_weights(model(wanted), path)
    with pytest.raises(RuntimeError, match=r'Missing keys: .*semantic_head'):
        check_weights(model(True), path, may_be_stripped=False)
    with pytest.raises(RuntimeError) as error:
        check_weights(nn.Linear(4, 3), path)
    text = str(error.value)
    assert f'The checkpoint {path} does not fit the config' in text
    assert 'Missing keys: bias, weight. Unknown keys: panoptic_head' in text
