"""CamVid as the SegNet tutorial has it, to COCO-panoptic."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from mmremax.datasets.panoptic_png import read_labels, read_size
from mmremax.utils.constants import IGNORE, VOID_ID

from .panoptic_files import Annotated, convert_images, spread_id

SPLITS = ('train', 'val', 'test')
_NAMES_AND_COLOURS = (
    ('sky', (128, 128, 128)),
    ('building', (128, 0, 0)),
    ('pole', (192, 192, 128)),
    ('road', (128, 64, 128)),
    ('pavement', (0, 0, 192)),
    ('tree', (128, 128, 0)),
    ('sign symbol', (192, 128, 128)),
    ('fence', (64, 64, 128)),
    ('car', (64, 0, 128)),
    ('pedestrian', (64, 64, 0)),
    ('bicyclist', (0, 128, 192)),
)
# A category id is the value of a label map; 11 there, or 255, is void.
CATEGORIES = [
    dict(id=i, name=name, isthing=0, color=list(colour))
    for i, (name, colour) in enumerate(_NAMES_AND_COLOURS)
]
_VOID_VALUES = (len(CATEGORIES), IGNORE)


def find_images(root: Path, split: str) -> list[Path]:
    """List the images of a split; there have to be some."""
    paths = sorted((root / split).glob('*.png'))
    if not paths or not (root / f'{split}annot').is_dir():
        raise FileNotFoundError(
            f'{root}/{split}/*.png and {root}/{split}annot/*.png: there are '
            'none. ROOT must be the folder CamVid of the SegNet tutorial.'
        )
    return paths


def convert_camvid(
    root: Path, split: str, out: Path, num_workers: int = 4
) -> Iterator[dict]:
    """Convert a split, image by image: a stuff segment for each class.

    Writes `panoptic_{split}.json` and `panoptic_{split}/*.png` to ``out``;
    see ``convert_images``.
    """
    return convert_images(
        out / f'panoptic_{split}.json',
        CATEGORIES,
        find_images(root, split),
        partial(_read_image, root / f'{split}annot'),
        num_workers,
    )


def _read_image(folder: Path, path: Path) -> Annotated:
    """Read the label map of one image."""
    height, width = read_size(path)
    labels = read_labels(str(folder / path.name), 'its image does.')
    if labels.shape != (height, width):
        raise ValueError(
            f'{folder / path.name} is {labels.shape}, its image '
            f'{(height, width)}: they do not belong together.'
        )
    id_map = np.full((height, width), VOID_ID, np.int32)
    segments = {}
    for value in np.unique(labels).tolist():
        if value in _VOID_VALUES:
            continue
        if value >= len(CATEGORIES):
            raise ValueError(
                f'{folder / path.name} has the value {value}: labels are 0 '
                f'to {len(CATEGORIES) - 1}, and {_VOID_VALUES} are void.'
            )
        id_map[labels == value] = spread_id(value + 1)
        segments[spread_id(value + 1)] = (value, False)
    image = dict(id=path.stem, file_name=path.name, height=height, width=width)
    return image, path.name, id_map, segments
