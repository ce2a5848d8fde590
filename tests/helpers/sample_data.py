"""Finds the sample of real images that some tests run on."""

import os
from pathlib import Path

import pytest

ANN_FILE = 'annotations/panoptic_val2017.json'
DATA_PREFIX = dict(img='val2017/', seg='annotations/panoptic_val2017/')


def sample_root() -> Path | None:
    """Locate the sample, in COCO val2017 layout.

    Returns:
        MMREMAX_SAMPLE_DIR, or `../shared/data/coco_panoptic_sample` beside
        the repository, whichever has the annotation file; else None.
    """
    repository = Path(__file__).resolve().parents[2]
    folders = [repository.parent / 'shared/data/coco_panoptic_sample']
    if 'MMREMAX_SAMPLE_DIR' in os.environ:
        folders.insert(0, Path(os.environ['MMREMAX_SAMPLE_DIR']))
    return next((f for f in folders if (f / ANN_FILE).is_file()), None)


needs_sample = pytest.mark.skipif(
    sample_root() is None,
    reason='set MMREMAX_SAMPLE_DIR to a folder in COCO val2017 layout',
)
