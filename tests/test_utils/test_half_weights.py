"""Half precision in a safetensors file, read back as any checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import save_file

from mmremax.utils.fetched_weights import CheckpointError
from mmremax.utils.half_weights import NoConfigError, pack, read_config
from mmremax.utils.safe_loading import load_from_local

META = dict(iter=3, dataset_meta=dict(classes=('a', 'b'), palette=[[1, 2, 3]]))


def test_round_trip(tmp_path):
    weights = dict(
        kernel=torch.randn(4, 3, 2, 2),
        turned=torch.randn(3, 5).T,  # not contiguous
        variance=torch.tensor([1e-9, 1e9]),  # beyond float16
        count=torch.tensor(7),
    )
    weights['tied'] = weights['kernel']
    path = tmp_path / 'x.safetensors'
    path.write_bytes(pack(dict(state_dict=weights, meta=META)))
    read = load_from_local(path)
    assert read['meta'] == json.loads(json.dumps(META))
    assert read['state_dict'].keys() == weights.keys()
    for key in ('variance', 'count'):
        assert torch.equal(read['state_dict'][key], weights[key])
    for key in ('kernel', 'turned'):
        value = read['state_dict'][key]
        assert value.dtype == torch.float32
        assert torch.equal(value, weights[key].half().float())
    theirs = CheckpointLoader.load_checkpoint(str(path), 'cpu')
    assert torch.equal(
        theirs['state_dict']['kernel'], read['state_dict']['kernel']
    )
    on_meta = load_from_local(path, 'meta')['state_dict']
    assert on_meta['kernel'].is_meta


@pytest.mark.parametrize('value', [1e5, np.nan])
def test_what_half_precision_cannot_hold_is_refused(value):
    weights = dict(kernel=torch.full((2, 2), value))
    with pytest.raises(ValueError, match=r'kernel: not finite'):
        pack(dict(state_dict=weights))


def test_files_of_others_and_broken_ones(tmp_path):
    path = tmp_path / 'x.safetensors'
    save_file(dict(w=torch.ones(2, 2)), path)
    assert load_from_local(path)['meta'] == {}
    whole = path.read_bytes()
    for content in (whole[:-3], whole[:4], b'', b'<html>404</html>'):
        path.write_bytes(content)
        with pytest.raises(RuntimeError, match='cannot be read') as error:
            load_from_local(path)
        assert str(path) in str(error.value)
    with pytest.raises(FileNotFoundError, match='none'):
        load_from_local(tmp_path / 'none.safetensors')


@pytest.mark.parametrize('place', [0.05, 0.5, 0.95])
def test_a_changed_byte_is_found(tmp_path, place):
    """In the names, in the weights; a file of others has no checksum."""
    path = tmp_path / 'a.safetensors'
    weights = dict(kernel=torch.randn(20, 20), bias=torch.ones(3))
    content = bytearray(pack(dict(state_dict=weights, meta=META)))
    path.write_bytes(content)
    load_from_local(path)
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='cannot be read') as error:
        load_from_local(path)
    assert str(path) in str(error.value)
    with pytest.raises(NoConfigError, match='cannot be read'):
        read_config(path)
    save_file(weights, path)
    assert load_from_local(path)['meta'] == {}


def packed_config(folder: Path, text: str) -> Path:
    path = folder / 'x.safetensors'
    weights = dict(kernel=torch.ones(2, 2))
    path.write_bytes(pack(dict(state_dict=weights, meta=dict(cfg=text))))
    return path


def test_config_of_a_file_is_read(tmp_path):
    cfg = Config(
        dict(model=dict(type='mmpretrain.ResNet', at=[(1, -2.5), None, True]))
    )
    path = packed_config(tmp_path, cfg.pretty_text)
    assert read_config(path).to_dict() == cfg.to_dict()


def test_a_file_does_not_say_where_to_write(tmp_path):
    text = (
        'work_dir = "/etc"\nmodel = dict(type="A")\n'
        'test_evaluator = [dict(type="B", out_file_path="/etc/a.pkl")]'
    )
    cfg = read_config(packed_config(tmp_path, text)).to_dict()
    assert cfg == dict(model=dict(type='A'), test_evaluator=[dict(type='B')])


def test_a_file_has_no_base(tmp_path):
    path = packed_config(tmp_path, '_base_ = "/etc/a.py"')
    with pytest.raises(NoConfigError, match='has a _base_'):
        read_config(path)


@pytest.mark.parametrize(
    'text',
    [
        '__import__("pathlib").Path("ran").touch()',
        'model = open("ran", "w")',
        'model = open(file="ran")',
        'model = dict(type="os.system", command="touch ran")',
        'model = dict(a=[dict(type="mmengine.utils.call_command")])',
        'import os',
        'model = dict(',
    ],
)
def test_config_of_a_file_is_not_run(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    path = packed_config(tmp_path, text)
    with pytest.raises(NoConfigError, match='Give one of your own'):
        read_config(path)
    assert not (tmp_path / 'ran').exists()
