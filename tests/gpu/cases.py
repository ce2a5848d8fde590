"""Small models of every method, with a batch."""

from __future__ import annotations

import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import MODELS, init_default_scope
from PIL import Image
from torch import Tensor, nn

from mmremax.engine.measure import synthetic_batch
from mmremax.utils.config_edits import remove_pretrained
from mmremax.utils.migration import read_config
from tests.helpers.mask2former_fixture import batch_of, small
from tests.helpers.model_fixture import CONFIGS, build_model

SHAPE, SEGMENTS, CLASSES = (65, 65), 6, (3, 2)
SHAPES = 'studies/mask2former/{}_shapes.py'
CASES = {
    'kmax': None,
    'remax': None,
    'mask2former-remax': SHAPES.format('mask2former-remax'),
    'mp-former': SHAPES.format('mp-former'),
    'soft-labels': 'small/segformer_lite0_camvid-half_area.py',
}


def case_of(name: str, folder: object) -> tuple[nn.Module, dict]:
    """Build a model in training mode on the CPU, and a batch of two images.

    Nothing in it draws at random, but for sampled points. Files go to
    `folder`.
    """
    torch.manual_seed(0)
    if CASES[name] is None:
        model = build_model(with_remax=name == 'remax')
        batch = synthetic_batch(2, SHAPE, SEGMENTS, CLASSES)
    else:
        config = read_config(CONFIGS / CASES[name])
        init_default_scope(config.default_scope)
        if name == 'soft-labels':
            remove_pretrained(config)
            model = MODELS.build(config.model)
            sample = _soft_sample(config.train_pipeline, folder)
            batch = pseudo_collate([sample] * 2)
        else:
            model, batch = small(config), batch_of(semantic=False)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model.train(), batch


def _soft_sample(pipeline: list[dict], folder: object) -> dict:
    """Load an image of noise with labels in blocks."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (360, 480, 3), np.uint8)
    labels = rng.integers(0, 11, (18, 24), np.uint8).repeat(20, 0)
    paths = dict(img_path=f'{folder}/i.png', seg_map_path=f'{folder}/l.png')
    Image.fromarray(image).save(paths['img_path'])
    Image.fromarray(labels.repeat(20, 1)).save(paths['seg_map_path'])
    given = dict(label_map=None, reduce_zero_label=False, seg_fields=[])
    return Compose(pipeline)(paths | given)


def total(losses: dict[str, Tensor]) -> Tensor:
    """Add the losses up, without the diagnostics among them."""
    return sum(
        sum(value) if isinstance(value, list) else value
        for name, value in losses.items()
        if 'loss' in name
    )
