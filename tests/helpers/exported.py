"""A small model that was exported once, for all tests of a run."""

import fcntl
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

THRESHOLDS = dict(
    thing_threshold=0.0, stuff_threshold=0.0, overlap_threshold=0.1
)


def small_predictor():
    """Build a Predictor of random weights that finds segments."""
    from mmremax.inference import Predictor

    from .model_fixture import build_model

    torch.manual_seed(0)
    # Axial attention is slow to trace; a slow test exports it.
    blocks = dict(block_types=('bottleneck',) * 4)
    model = build_model(test_cfg=THRESHOLDS, pixel_decoder=blocks).eval()
    # Sure masks: a mask's logits spread over the queries.
    decoder = model.panoptic_head.transformer_decoder
    decoder.predictor.mask_norm.weight.data *= 100
    pipeline = [
        dict(type='LoadPanopticImage'),
        dict(type='ResizeShortestSide', short_side=50, long_side=65),
        dict(type='PackPanopticInputs'),
    ]
    model.cfg = Config(
        dict(test_dataloader=dict(dataset=dict(pipeline=pipeline)))
    )
    names = [f'class {i}' for i in range(5)]
    model.dataset_meta = dict(
        classes=names, palette=[(50 * i, 0, 0) for i in range(5)]
    )
    return Predictor(model)


@pytest.fixture(scope='session')
def exported(tmp_path_factory):
    """Give the folder, its predictor and what the check found.

    The export takes half a minute: the first worker that asks makes it for
    all.
    """
    from mmremax.export import export_model
    from mmremax.export.check import check_images

    predictor = small_predictor()
    place = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        place = place.parent
    folder, found = place / 'exported', place / 'exported.pkl'
    with (place / 'exported.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            images = check_images(predictor.model)
            check = export_model(predictor, folder, images)
            found.write_bytes(pickle.dumps(check))
    return folder, predictor, pickle.loads(found.read_bytes())


@pytest.fixture
def copied(exported, tmp_path) -> Path:
    """Copy the exported folder, to be spoilt."""
    return Path(shutil.copytree(exported[0], tmp_path / 'copied'))


def change_description(folder: Path, **changes: object) -> None:
    """Rewrite keys of model.json."""
    path = folder / 'model.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
