"""Sizes of the published model; multiply-adds against mmengine's counter."""

import json
import re

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.registry import init_default_scope

from tests.helpers.meta import on_meta
from tests.helpers.model_fixture import build_model
from tests.helpers.scripts import ROOT, load_script, run_script
from tests.test_kmax.test_model_sizes import PAPER

TOOL = 'tools/analysis/get_flops.py'
QUICKSTART = 'configs/quickstart/remax_mnv3-s_shapes.py'
NOT_COUNTED = ('batch_norm', 'layer_norm')
NOT_COUNTED += ('upsample_bilinear2d', 'adaptive_avg_pool2d')


@pytest.fixture(scope='module')
def tool() -> dict:
    return load_script(TOOL)


def test_remax_r50_is_as_large_as_kmax_at_inference(tool, monkeypatch):
    """Sizes as measured on the published code's modules."""
    measure = tool['measure']
    monkeypatch.setitem(measure.__globals__, 'count_macs', lambda *_: {'': 0})
    with on_meta():
        model = build_model(with_remax=True, small=False)
    numbers = measure(model, (65, 65))
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
    training_only = [k for k, v in parts.items() if v['training_only']]
    names = ('auxiliary_semantic_head', 'semantic_head')
    assert sorted(training_only) == [f'panoptic_head.{n}' for n in names]
    assert numbers['params_train'] == sum(v['params'] for v in parts.values())


def test_macs_agree_with_mmengines_counter(tool):
    """It traces the graph, in which the layers' class heads have no use."""
    init_default_scope('mmdet')
    model = MODELS.build(Config.fromfile(ROOT / QUICKSTART).model).eval()
    analyzer = FlopAnalyzer(model, (torch.zeros(1, 3, 65, 97),))
    for name in NOT_COUNTED:
        # None would leave the handle that is there.
        analyzer.set_op_handle(f'aten::{name}', lambda inputs, outputs: 0)
    analyzer.unsupported_ops_warnings(False)
    analyzer.uncalled_modules_warnings(False)
    analyzer.tracer_warnings('none')
    unused_class_heads = 3 * 32 * 96 * 11
    expected = analyzer.total() + unused_class_heads
    numbers = tool['measure'](model, (65, 97))
    assert numbers['macs'] == pytest.approx(expected, rel=1e-6)
    macs = [part['macs'] for part in numbers['parts'].values()]
    assert numbers['macs'] == sum(macs)
    assert model.training is False


def test_page_has_the_counted_numbers():
    """Those of test_model_sizes.py, beside the published ones."""
    page = (ROOT / 'docs/performance.md').read_text()
    rows = re.findall(r'^\| \[(\S+)\]\(.*\) \| (.* G .*) \|$', page, re.M)
    same_size = {f'remax_r50_coco_{k}k' for k in (100, 150, 200)}
    assert {name for name, _ in rows} == set(PAPER) - same_size
    for name, cells in rows:
        _, params, macs, *published = cells.split(' | ')
        _, in_paper, macs_in_paper, exact = PAPER[name]
        assert params == f'{exact:,}'
        if in_paper is not None:
            assert number(published[0]) == pytest.approx(in_paper, rel=1e-3)
        if macs_in_paper is not None and len(published) > 1:
            assert number(published[1]) == macs_in_paper
            assert number(macs) == pytest.approx(macs_in_paper, rel=0.05)


def number(cell: str) -> float:
    return float(cell.split()[0])


def test_one_config_gives_parts_and_two_a_row_each(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / 'sub' / 'flops.json'
    options = ('--shape', 65, 97, '--json', path)
    run_script(monkeypatch, TOOL, ROOT / QUICKSTART, *options)
    printed = capsys.readouterr().out
    assert '1 x 3 x 65 x 97' in printed
    assert 'training only' in printed
    numbers = json.loads(path.read_text())['remax_mnv3-s_shapes']
    assert numbers['shape'] == [65, 97]
    keys = {'params_train', 'params_inference', 'macs', 'shape', 'parts'}
    assert set(numbers) == keys
    # Several give a row each: ReMaX-T, as the page has it.
    monkeypatch.chdir(ROOT)
    small = 'configs/quickstart/kmax_mnv3-s_shapes.py'
    tiny = 'configs/remax/remax-t_mnv3-s_coco.py'
    run_script(monkeypatch, TOOL, small, tiny)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f'| [kmax_mnv3-s_shapes](../{small}) | ')
    page = (ROOT / 'docs/performance.md').read_text()
    assert second in page
