"""The converter script, from a published file to a loaded model."""

from importlib import import_module

import pytest
import torch
from mmdet.datasets import CocoPanopticDataset
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from mmremax.kmax.published_weights import PUBLISHED_ORDERS
from tests.golden import manifest
from tests.helpers.meta import build_on_meta
from tests.helpers.scripts import ROOT, load_script

TOOL = 'model_converters/kmax_to_mmremax.py'
CONFIG = ROOT / 'configs/_base_/models/kmax_r50.py'
CHECK = ('--check', CONFIG)


@pytest.fixture
def published() -> dict[str, Tensor]:
    """A state dict of the published names; one number for each tensor."""
    shapes = manifest()
    return {key: torch.ones(()).expand(shapes[key]) for key in shapes}


def test_converted_file_loads(run, published, tmp_path):
    torch.save({'model': published}, tmp_path / 'kmax.pth')
    run(tmp_path / 'kmax.pth', tmp_path / 'out' / 'ours.pth', *CHECK)
    ours = torch.load(tmp_path / 'out' / 'ours.pth', weights_only=True)
    meta = ours['meta']['dataset_meta']
    assert meta == CocoPanopticDataset.METAINFO
    init_default_scope('mmdet')
    config = Config.fromfile(CONFIG)
    del config.model.backbone.init_cfg
    model = build_on_meta(config)
    model.load_state_dict(ours['state_dict'], strict=True, assign=True)


@pytest.mark.parametrize(
    ('folder', 'first', 'last'),
    [('cityscapes', 'person', 'sky'), ('ade20k', 'bed', 'shower')],
)
def test_names_are_in_our_order(folder, first, last):
    """Those of the data sets that our converters write."""
    names = load_script(f'tools/{TOOL}')['PUBLISHED_FOR']
    conversion = import_module(f'mmremax.datasets.conversion.{folder}')
    meta = names[len(conversion.CATEGORIES)]
    ids = {c['id']: c['name'] for c in conversion.CATEGORIES}
    order = PUBLISHED_ORDERS[len(ids)]
    assert meta['classes'] == tuple(ids[i] for i in order)
    assert meta['classes'][0] == first
    assert meta['classes'][-1] == last


def test_missing_files_and_those_of_another_model(run, published, tmp_path):
    with pytest.raises(SystemExit, match=r'missing.pth'):
        run(tmp_path / 'missing.pth', tmp_path / 'ours.pth')
    torch.save({'module.x': torch.ones(1)}, tmp_path / 'other.pth')
    with pytest.raises(SystemExit, match=r'other.pth: .*keys: module.x'):
        run(tmp_path / 'other.pth', tmp_path / 'ours.pth')
    assert not (tmp_path / 'ours.pth').exists()
    key = 'sem_seg_head.predictor._cluster_centers.weight'
    published[key] = published[key][:, :64]
    del published['backbone.stem.conv1.weight']
    torch.save(published, tmp_path / 'kmax.pth')
    misfit = r'Missing keys: backbone.conv1.weight. .*\(256, 64\)'
    with pytest.raises(SystemExit, match=misfit):
        run(tmp_path / 'kmax.pth', tmp_path / 'ours.pth', *CHECK)
