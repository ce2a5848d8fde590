"""Writes a data set of a few hand-made images for the tests."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from mmremax.datasets import PanopticDataset
from mmremax_runtime.segmentation import ids_to_colours

CATEGORIES = [  # stuff first, ids out of order
    dict(id=9, name='sky', isthing=0, color=[0, 0, 255]),
    dict(id=4, name='cat', isthing=1, color=[255, 0, 0]),
    dict(id=7, name='dog', isthing=1, color=[0, 255, 0]),
    dict(id=2, name='sea', isthing=0),
]
SKY, SEA, CAT, CROWD = 70000, 300, 5, 6


def segment(segment_id: int, category_id: int, **extra) -> dict:
    return dict(id=segment_id, category_id=category_id, iscrowd=0, **extra)


def row(segment_id: int, label: int, is_thing: bool, crowd: int = 0) -> dict:
    """Write an entry of the table that transforms read."""
    return dict(
        id=segment_id, category=label, is_thing=is_thing, iscrowd=crowd
    )


def id_map() -> np.ndarray:
    """Sky above sea, a cat at the left, a crowd of dogs, a void column."""
    ids = np.full((32, 48), SKY, np.int32)
    ids[16:] = SEA
    ids[4:20, 4:16] = CAT
    ids[20:28, 20:36] = CROWD
    ids[:, 44:] = 0
    return ids


SEGMENTS = [
    segment(SEA, 2, area=16 * 44 - 4 * 12 - 8 * 16),
    segment(CAT, 4, area=16 * 12),
    segment(CROWD, 7, area=8 * 16) | dict(iscrowd=1),
    segment(SKY, 9, area=16 * 44 - 12 * 12),
]


def write_tiny(
    root: Path, maps: list[np.ndarray], tables: list[list[dict]]
) -> Path:
    """Write images of the maps' sizes and their annotation.

    Returns:
        The annotation file, whose content can be changed and rewritten.
    """
    for folder in ('img', 'seg'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i, (ids, table) in enumerate(zip(maps, tables, strict=True)):
        pixels = rng.integers(0, 256, (*ids.shape, 3), np.uint8)
        Image.fromarray(pixels).save(root / f'img/{i}.bmp')
        Image.fromarray(ids_to_colours(ids)).save(root / f'seg/{i}_pan.png')
        size = dict(height=ids.shape[0], width=ids.shape[1])
        images.append(dict(id=10 + i, file_name=f'{i}.bmp', **size))
        entry = dict(image_id=10 + i, file_name=f'{i}_pan.png')
        annotations.append(dict(entry, segments_info=table))
    path = root / 'panoptic.json'
    content = dict(images=images, annotations=annotations)
    path.write_text(json.dumps(dict(content, categories=CATEGORIES)))
    return path


def tiny_dataset(ann_file: Path, **kwargs: object) -> PanopticDataset:
    """Open what `write_tiny` wrote."""
    settings = dict(
        ann_file=ann_file.name,
        data_root=str(ann_file.parent),
        data_prefix=dict(img='img/', seg='seg/'),
    )
    return PanopticDataset(**settings | kwargs)


def rewrite(path: Path, change) -> None:
    """Apply a function to the content of a json file, in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
