"""Sizes of the published model; multiply-adds against mmengine's counter."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmremax.utils.config_edits import remove_pretrained

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/analysis/get_flops.py'
NOT_COUNTED = (
    'batch_norm',
    'layer_norm',
    'upsample_bilinear2d',
    'adaptive_avg_pool2d',
)
REMAX = ROOT / 'configs/remax/remax_r50_coco.py'


@pytest.fixture(scope='module')
def tool() -> dict:
    return runpy.run_path(str(TOOL))


def build(num_layers=(2, 2, 2)) -> nn.Module:
    cfg = Config.fromfile(REMAX)
    remove_pretrained(cfg)
    init_default_scope('mmdet')
    decoder = cfg.model.panoptic_head.transformer_decoder
    decoder.num_layers = num_layers
    return MODELS.build(cfg.model)


@pytest.fixture(scope='module')
def remax_r50() -> nn.Module:
    return build().eval().requires_grad_(False)


def test_remax_r50_is_as_large_as_kmax_at_inference(tool, remax_r50):
    """Sizes as measured on the published code's modules."""
    numbers = tool['measure'](remax_r50, (65, 65))
    assert numbers['params_inference'] == 56_580_120
    parts = numbers['parts']
    expected = {
        'backbone': 23_508_032,
        'panoptic_head.pixel_decoder': 21_151_040,
        'panoptic_head.transformer_decoder': 11_921_048,
        'panoptic_head.auxiliary_semantic_head': 15_856_742,
    }
    for name, count in expected.items():
        assert parts[name]['params'] == count
    training_only = {k for k, v in parts.items() if v['training_only']}
    assert training_only == {
        'panoptic_head.auxiliary_semantic_head',
        'panoptic_head.semantic_head',
    }
    assert numbers['params_train'] == sum(v['params'] for v in parts.values())
    assert numbers['macs'] == sum(v['macs'] for v in parts.values())


def test_macs_agree_with_mmengines_counter(tool):
    """It traces the graph, in which the layers' class heads have no use."""
    model = build().eval().requires_grad_(False)
    analyzer = FlopAnalyzer(model, (torch.zeros(1, 3, 65, 97),))
    for name in NOT_COUNTED:
        # None would leave the handle that is there.
        analyzer.set_op_handle(f'aten::{name}', lambda inputs, outputs: 0)
    analyzer.unsupported_ops_warnings(False)
    analyzer.uncalled_modules_warnings(False)
    analyzer.tracer_warnings('none')
    unused_class_heads = 6 * 128 * 256 * 134
    expected = analyzer.total() + unused_class_heads
    numbers = tool['measure'](model, (65, 97))
    assert numbers['macs'] == pytest.approx(expected, rel=1e-6)
    assert model.training is False


@pytest.mark.parametrize(
    ('layers', 'side', 'gmacs'),
    [((2, 2, 2), 1281, 292.0), ((1, 1, 1), 641, 70.2)],
)
def test_published_multiply_adds(tool, layers, side, gmacs):
    """The papers' 294.7 G and 67.8 G; measured on kMaX's own modules."""
    numbers = tool['measure'](build(layers), (side, side))
    assert numbers['macs'] / 1e9 == pytest.approx(gmacs, abs=0.1)


def test_command_prints_a_table_and_writes_json(tmp_path, monkeypatch, capsys):
    path = tmp_path / 'sub' / 'flops.json'
    config = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'
    arguments = [config, '--shape', 65, 97, '--json', path]
    monkeypatch.setattr(sys, 'argv', ['get_flops', *map(str, arguments)])
    runpy.run_path(str(TOOL), run_name='__main__')
    printed = capsys.readouterr().out
    assert '1 x 3 x 65 x 97' in printed
    assert 'training only' in printed
    numbers = json.loads(path.read_text())
    assert set(numbers) == {
        'params_train',
        'params_inference',
        'macs',
        'shape',
        'parts',
    }
    assert numbers['shape'] == [65, 97]
