"""Publishing: weights that fit, in half precision, with names and config."""

import json
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope

from mmremax.utils.cli import open_config
from mmremax.utils.load_model import load_model
from mmremax.utils.safe_loading import load_from_local
from tests.helpers.scripts import ROOT

TOOL = 'model_converters/strip_checkpoint.py'
CONFIG = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'
OTHER = ROOT / 'configs/small/kmax_lite0_nuclei.py'
ANNOTATION = 'annotations/panoptic_val.json'
META = dict(
    dataset_meta=dict(classes=tuple('abcdefghij'), palette=[(1, 2, 3)] * 10),
    cfg='data_root = "/home/me/data"',
)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> Path:
    init_default_scope('mmdet')
    weights = MODELS.build(open_config(str(CONFIG), {}).model).state_dict()
    path = tmp_path_factory.mktemp('run') / 'iter_9.pth'
    torch.save(dict(state_dict=weights, meta=META, optimizer={}), path)
    return path


def test_published_file_stands_alone(run, checkpoint, tmp_path, capsys):
    out = tmp_path / 'published.safetensors'
    option = 'model.test_cfg.thing_threshold=0.25'
    run(checkpoint, out, '--config', CONFIG, '--cfg-options', option)
    assert f'{out}: ' in capsys.readouterr().out
    assert out.stat().st_size < 0.6 * checkpoint.stat().st_size
    cfg = open_config(str(out), {})
    assert cfg.model.test_cfg.thing_threshold == 0.25
    assert '/home/me' not in cfg.pretty_text
    model = load_model(cfg, str(out), 'cpu')
    assert tuple(model.dataset_meta['classes']) == tuple('abcdefghij')
    whole = torch.load(checkpoint, weights_only=True)['state_dict']
    for name, value in model.named_parameters():
        if 'semantic_head' not in name:
            torch.testing.assert_close(
                value.data, whole[name], rtol=1e-3, atol=1e-7
            )


def test_names_that_a_file_lacks_are_those_of_the_data(
    run, checkpoint, shapes_root, tmp_path
):
    nameless, out = tmp_path / 'nameless.pth', tmp_path / 'out.safetensors'
    torch.save(dict(torch.load(checkpoint), meta={}), nameless)
    option = f'test_dataloader.dataset.data_root={shapes_root}'
    run(nameless, out, '--config', CONFIG, '--cfg-options', option)
    content = json.loads((shapes_root / ANNOTATION).read_text())
    names = [c['name'] for c in content['categories']]
    found = load_from_local(out)['meta']['dataset_meta']['classes']
    assert sorted(found) == sorted(names)


def test_weights_to_start_anew_are_dropped_by_pattern(
    run, checkpoint, tmp_path
):
    out = tmp_path / 'out.pth'
    run(checkpoint, out, '--drop', '*pixel_decoder*', 'backbone.*')
    left = load_from_local(out)['state_dict']
    assert left
    assert not [k for k in left if 'pixel_decoder' in k or 'backbone' in k]
    with pytest.raises(SystemExit, match='--drop class: no weight'):
        run(checkpoint, out, '--drop', 'class')
    with pytest.raises(SystemExit, match='has no weights to keep'):
        run(checkpoint, out, '--drop', '*')


def test_what_does_not_fit_is_refused(run, checkpoint, tmp_path):
    with pytest.raises(SystemExit, match='is what this command reads'):
        run(checkpoint, checkpoint)
    out = tmp_path / 'published.safetensors'
    with pytest.raises(SystemExit, match='does not fit the config'):
        run(checkpoint, out, '--config', OTHER)
    nameless = tmp_path / 'nameless.pth'
    content = torch.load(checkpoint, weights_only=True)
    torch.save(dict(content, meta={}), nameless)
    with pytest.raises(SystemExit, match='10 classes, .* names 0'):
        run(nameless, out, '--config', CONFIG)
    key, value = next(iter(content['state_dict'].items()))
    value.fill_(1e6)
    torch.save(content, nameless)
    with pytest.raises(SystemExit, match=f'{key}: not finite in float16'):
        run(nameless, out)
    assert not out.exists()


def test_tools_want_weights_with_a_config(run_tool, checkpoint, tmp_path):
    """Only a published file is both; one without a config says so."""
    with pytest.raises(SystemExit):
        run_tool('test.py', CONFIG)
    bare = tmp_path / 'bare.safetensors'
    weights = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=dict(w=torch.ones(2, 2))), weights)
    run_tool('model_converters/strip_checkpoint.py', weights, bare)
    with pytest.raises(SystemExit, match='holds no config'):
        run_tool('test.py', bare)
    bare.write_bytes(bare.read_bytes()[:20])
    with pytest.raises(SystemExit, match='cannot be read'):
        run_tool('test.py', bare)
