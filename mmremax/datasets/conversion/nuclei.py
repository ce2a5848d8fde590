"""BBBC038 (2018 Data Science Bowl, stage 1), to COCO-panoptic."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from mmremax.datasets.panoptic_png import read_labels, read_size

from .panoptic_files import Annotated, convert_images, spread_id

CATEGORIES = [
    dict(id=1, name='nucleus', isthing=1, color=[220, 60, 60]),
    dict(id=2, name='background', isthing=0, color=[60, 60, 90]),
]
EVERY = 5  # the last of so many pictures of a size is for validation


def find_images(root: Path, split: str) -> list[Path]:
    """List the pictures of a split, 'train' or 'val'.

    The challenge has no public split. Every fifth picture of each size, in
    the order of the names, is for validation: both splits have every kind.
    """
    paths = sorted(root.glob('*/images/*.png'))
    if not paths:
        raise FileNotFoundError(
            f'{root}/*/images/*.png: no such file. ROOT must be stage1_train '
            'of BBBC038, a folder for each picture.'
        )
    by_size = defaultdict(list)
    for path in paths:
        by_size[read_size(path)].append(path)
    return sorted(
        path
        for group in by_size.values()
        for place, path in enumerate(group, start=1)
        if (place % EVERY == 0) == (split == 'val')
    )


def convert_nuclei(
    root: Path, split: str, out: Path, num_workers: int = 4
) -> Iterator[dict]:
    """Convert a split, picture by picture.

    A mask is a nucleus, all other pixels are background. A pixel that two
    masks claim is the smaller nucleus's.

    Writes `panoptic_{split}.json` and `panoptic_{split}/*.png` to ``out``;
    see ``convert_images``.
    """
    return convert_images(
        out / f'panoptic_{split}.json',
        CATEGORIES,
        find_images(root, split),
        partial(_read_image, root),
        num_workers,
    )


def _read_image(root: Path, path: Path) -> Annotated:
    """Read the masks of one picture."""
    height, width = read_size(path)
    if not (folder := path.parents[1] / 'masks').is_dir():
        raise FileNotFoundError(
            f'{folder} is no folder: pictures without masks (stage1_test) '
            'cannot be converted.'
        )
    masks = []
    for mask_path in sorted(folder.glob('*.png')):
        mask = read_labels(str(mask_path), 'it was listed before.') > 0
        if mask.shape != (height, width):
            raise ValueError(
                f'{mask_path} is {mask.shape}, its picture '
                f'{(height, width)}: they do not belong together.'
            )
        masks.append(mask)
    background = spread_id(1)
    id_map = np.full((height, width), background, np.int32)
    segments = {background: (2, False)}
    for number, mask in enumerate(
        sorted(masks, key=np.count_nonzero, reverse=True), start=2
    ):
        id_map[mask] = spread_id(number)
        segments[spread_id(number)] = (1, False)
    name = str(path.relative_to(root))
    image = dict(id=path.stem, file_name=name, height=height, width=width)
    return image, f'{path.stem}.png', id_map, segments
