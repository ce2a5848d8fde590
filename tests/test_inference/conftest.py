"""A network of random weights that sees many segments, and pictures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from PIL import Image

from mmremax.utils.config_edits import remove_pretrained
from mmremax.utils.migration import read_config
from tests.helpers.scripts import ROOT

CONFIG = ROOT / 'configs' / 'quickstart' / 'remax_mnv3-s_shapes.py'
THRESHOLDS = ('thing_threshold', 'stuff_threshold', 'overlap_threshold')
NAMES = tuple('abcdefghij')
PALETTE = [(20 * i, 255 - 20 * i, 100) for i in range(10)]


@pytest.fixture(scope='session')
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as of a run: weights, names, config."""
    torch.manual_seed(0)
    init_default_scope('mmdet')
    cfg = read_config(CONFIG)
    remove_pretrained(cfg)
    cfg.model.test_cfg = dict.fromkeys(THRESHOLDS, 0.0)
    values = MODELS.build(cfg.model).state_dict()
    final = 'panoptic_head.transformer_decoder.predictor.'
    values[f'{final}mask_norm.weight'] *= 1000
    names = dict(classes=NAMES, palette=PALETTE)
    meta = dict(dataset_meta=names, cfg=cfg.pretty_text)
    path = tmp_path_factory.mktemp('weights') / 'random.pth'
    torch.save(dict(state_dict=values, meta=meta), path)
    return path


@pytest.fixture(scope='session')
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three pictures of coloured patches; two sizes, without loss."""
    folder = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    paths = []
    for name, size in (('c', (90, 129)), ('a', (129, 80)), ('b', (90, 129))):
        patches = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        paths.append(folder / f'{name}.png')
        patches.resize(size[::-1]).save(paths[-1])
    return paths
