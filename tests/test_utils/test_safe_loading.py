"""Weights and annotations are read without running code, or refused."""

import os
import pickle

import numpy as np
import pytest
import torch
from mmengine import fileio
from mmengine.fileio.io import file_handlers
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from mmremax.utils.fetched_weights import CheckpointError
from mmremax.utils.safe_loading import (
    load_checkpoint,
    load_from_local,
    safe_loading,
)
from tests.helpers.hostile import serve, write_hostile


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
        with pytest.raises(CheckpointError, match='cannot be read') as error:
            load_from_local(path)
        assert f'{path} ({kept:,} bytes)' in str(error.value)
        assert '\n' not in str(error.value)
    path.write_text('<html>404</html>')
    with pytest.raises(CheckpointError, match='not a checkpoint'):
        load_from_local(path)


@pytest.mark.parametrize('place', [0.3, 0.5, 0.7])
def test_a_changed_byte_is_found(tmp_path, place):
    path = tmp_path / 'iter_2.pth'
    torch.save(dict(state_dict=dict(w=torch.randn(5000))), path)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='checksum') as error:
        load_from_local(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        ([1], 'a list, not a dict'),
        (torch.ones(2), 'a Tensor, not a dict'),
        (dict(state_dict=[1]), 'state_dict of .* a list'),
        (dict(state_dict=dict(w=3)), 'w is a int, not a tensor'),
        (dict(state_dict=dict(w=torch.eye(2).to_sparse())), 'sparse_coo, not'),
        (dict(state_dict={}, meta='x'), 'meta of .* a str'),
        (dict(state_dict={}, meta=dict(dataset_meta=5)), 'dataset_meta of'),
        (
            dict(state_dict={}, meta=dict(dataset_meta=dict(classes=5))),
            'classes in dataset_meta of .* 5 is no list',
        ),
        ({1: torch.ones(1)}, 'a dict, not a dict of names'),
    ],
)
def test_what_is_no_dict_of_weights_says_so(tmp_path, content, says):
    for name in ('a.pth', 'a.pkl'):
        torch.save(content, tmp_path / name)
        with pytest.raises(CheckpointError, match=says) as error:
            load_from_local(tmp_path / name)
        assert name in str(error.value)


def test_code_is_not_run_and_trust_is_not_advised(tmp_path, monkeypatch):
    """Neither from a file nor from an address; and the text is ours."""
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    marker = write_hostile(tmp_path)
    with serve(tmp_path) as address:
        for source in (tmp_path, address):
            for name in ('evil.pth', 'evil.pkl'):
                with pytest.raises(CheckpointError, match='mkdir') as error:
                    load_checkpoint(f'{source}/{name}')
                assert name in str(error.value)
                assert 'weights_only' not in str(error.value)
                assert 'safe_globals' not in str(error.value)
    assert not marker.exists()


def test_a_checkpoint_s_config_is_not_kept_for_mmengine_to_run(tmp_path):
    """`Runner.resume` runs the text of `meta.config`."""
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict={}, meta=dict(config='1 / 0', iter=1)), path)
    assert load_from_local(path)['meta'] == dict(iter=1)


def test_the_last_one_that_leaves_puts_mmengine_s_own_back():
    """Of two threads, the first in may be the first out."""
    before = CheckpointLoader._schemes
    first, second = safe_loading(), safe_loading()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert CheckpointLoader._schemes is not before
    second.__exit__(None, None, None)
    assert CheckpointLoader._schemes is before


def test_mmengine_runs_no_code_for_a_while(tmp_path, monkeypatch):
    """Files, addresses, names of collections; json, yaml and pickles."""
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    marker = write_hostile(tmp_path)
    torch.save(dict(w=torch.ones(1)), tmp_path / 'good.pth')
    before = CheckpointLoader._schemes, dict(file_handlers)
    load = CheckpointLoader.load_checkpoint
    with serve(tmp_path) as address, safe_loading():
        for source in (tmp_path, address):
            with pytest.raises(CheckpointError, match='mkdir'):
                load(f'{source}/evil.pth')
            assert load(f'{source}/good.pth', 'cpu')['w'] == 1
        for name in ('torchvision://none', 's3://bucket/a.pth'):
            with pytest.raises(CheckpointError, match='cannot be fetched'):
                load(name)
        for source in (tmp_path, address):
            with pytest.raises(ValueError, match='pickle'):
                fileio.load(f'{source}/evil.pkl')
            with pytest.raises(Exception, match='mkdir'):
                fileio.load(f'{source}/evil.yaml')
        fileio.dump([1], tmp_path / 'out.pkl')
        (tmp_path / 'good.yaml').write_text('a: 1')
        assert fileio.load(tmp_path / 'good.yaml') == dict(a=1)
    assert not marker.exists()
    assert (CheckpointLoader._schemes, file_handlers) == before
    assert fileio.load(tmp_path / 'out.pkl') == [1]
