import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import _load_checkpoint
from torch import nn

from mmremax.kmax.head import KMaXHead
from mmremax.utils.checkpoint import (
    TRAINING_ONLY_PREFIXES,
    check_weights,
    is_training_only,
    load_from_local,
)


class Sneaky:
    """Runs a command when unpickled by a loader that trusts."""

    def __reduce__(self):
        return os.system, ('true',)


def test_history_and_numpy_load_without_trust(tmp_path):
    path = tmp_path / 'run.pth'
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    torch.save(dict(history=history, number=np.float64(3)), path)
    loaded = load_from_local(path)
    assert loaded['history'].mean() == 1.5
    assert loaded['number'] == 3


def test_mmengine_reads_through_it(tmp_path):
    path = tmp_path / 'broken.pth'
    path.write_bytes(b'')
    with pytest.raises(RuntimeError, match='truncated or not a checkpoint'):
        _load_checkpoint(str(path))


@pytest.mark.parametrize('kept', [0, 100, 3000])
def test_a_truncated_file_is_named(tmp_path, kept):
    path = tmp_path / 'iter_2.pth'
    torch.save(dict(state_dict=dict(w=torch.zeros(1000))), path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RuntimeError, match='cannot be read') as error:
        load_from_local(path)
    assert str(path) in str(error.value)
    assert f'{kept:,} bytes' in str(error.value)


def test_a_text_file_is_no_checkpoint(tmp_path):
    path = tmp_path / 'page.pth'
    path.write_text('<html>404</html>')
    with pytest.raises(RuntimeError, match='not a checkpoint'):
        load_from_local(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.pth'):
        load_from_local(tmp_path / 'nothing.pth')


def test_code_is_not_run(tmp_path):
    path = tmp_path / 'sneaky.pth'
    torch.save(dict(value=Sneaky()), path)
    with pytest.raises(RuntimeError, match='--trust') as error:
        load_from_local(path)
    assert 'system' in str(error.value)


def test_getattr_reaches_the_log_history_alone(tmp_path):
    path = tmp_path / 'getattr.pth'
    torch.save(dict(value=getattr), path)
    stand_in = load_from_local(path)['value']
    assert stand_in(HistoryBuffer, 'mean') is HistoryBuffer.mean
    for owner, name in ((os, 'system'), (HistoryBuffer, '__init__')):
        with pytest.raises(pickle.UnpicklingError):
            stand_in(owner, name)


def test_one_list_of_training_only_branches():
    assert TRAINING_ONLY_PREFIXES == tuple(
        f'panoptic_head.{name}.' for name in KMaXHead.training_only
    )
    assert is_training_only('panoptic_head.semantic_head.branches.0.weight')
    assert not is_training_only('panoptic_head.pixel_decoder.norm.weight')


def test_weights_of_another_model_are_refused(tmp_path):
    path = tmp_path / 'model.pth'
    torch.save(dict(state_dict=nn.Linear(2, 3).state_dict()), path)
    check_weights(nn.Linear(2, 3), path)
    with pytest.raises(RuntimeError) as error:
        check_weights(nn.Linear(4, 3), path)
    assert 'weight: (3, 4) in the model, (3, 2) in the file' in str(
        error.value
    )
    with pytest.raises(RuntimeError, match=r'0.weight: .* missing'):
        check_weights(nn.Sequential(nn.Linear(2, 3)), path)
