"""ADE20K (scene parsing and instances), to COCO-panoptic."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from mmdet.datasets.ade20k import ADE20KSegDataset

from mmremax.datasets.panoptic_png import read_labels, read_rgb, read_size
from mmremax.utils.constants import VOID_ID

from .panoptic_files import Annotated, convert_images, spread_id

SPLITS = dict(train='training', val='validation')
# Category ids are the 150 classes of scene parsing in their order, from 0.
STUFF_IDS = (
    *(0, 1, 2, 3, 4, 5, 6, 9, 11, 13, 16, 17, 21, 25, 26, 28, 29, 34, 40),
    *(46, 48, 51, 52, 54, 59, 60, 61, 63, 68, 77, 79, 84, 91, 94, 96, 99),
    *(100, 101, 105, 106, 109, 113, 114, 117, 122, 128, 131, 140, 141, 145),
)
# The 100 classes of the instance challenge, which numbers them from 1.
THING_IDS = tuple(i for i in range(150) if i not in STUFF_IDS)
_NAMES = ADE20KSegDataset.METAINFO['classes']
_COLOURS = ADE20KSegDataset.METAINFO['palette']
CATEGORIES = [
    dict(id=i, name=name.strip(), isthing=int(i in THING_IDS), color=list(rgb))
    for i, (name, rgb) in enumerate(zip(_NAMES, _COLOURS, strict=True))
]


def find_images(root: Path, split: str) -> list[Path]:
    """List the images of a split, 'train' or 'val'; there have to be some."""
    for name, source in (
        ('images', 'ADEChallengeData2016.zip'),
        ('annotations', 'ADEChallengeData2016.zip'),
        ('annotations_instance', 'annotations_instance.tar'),
    ):
        folder = root / name / SPLITS[split]
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{folder} is no folder. ROOT must be ADEChallengeData2016, '
                f'with {source} of sceneparsing.csail.mit.edu unpacked there.'
            )
    paths = sorted((root / 'images' / SPLITS[split]).glob('*.jpg'))
    if not paths:
        raise FileNotFoundError(f'{root}/images/{SPLITS[split]} has no *.jpg.')
    return paths


def convert_ade20k(
    root: Path, split: str, out: Path, num_workers: int = 4
) -> Iterator[dict]:
    """Convert a split of `ADEChallengeData2016`, image by image.

    Stuff comes from the semantic map; instances of the 100 thing classes
    are put on top of it. What belongs to a thing class but to no instance
    is void, as is "other".

    Writes `panoptic_{split}.json` and `panoptic_{split}/*.png` to ``out``;
    see ``convert_images``.
    """
    return convert_images(
        out / f'panoptic_{split}.json',
        CATEGORIES,
        find_images(root, split),
        partial(_read_image, root, SPLITS[split]),
        num_workers,
    )


def _read_image(root: Path, folder: str, path: Path) -> Annotated:
    """Read the maps of one image."""
    height, width = read_size(path)
    name = f'{path.stem}.png'
    instance_path = root / 'annotations_instance' / folder / name
    remedy = 'its image does, so unpack the annotations again.'
    semantic = read_labels(str(root / 'annotations' / folder / name), remedy)
    instances = read_rgb(str(instance_path), remedy)
    for values in (semantic, instances):
        if values.shape[:2] != (height, width):
            raise ValueError(
                f'{name} of {folder} has the size {values.shape[:2]}, '
                f'expected {(height, width)}: it is not the map of this image.'
            )
    id_map = np.full((height, width), VOID_ID, np.int32)
    segments = {}
    for value in np.unique(semantic).tolist():
        if value - 1 in STUFF_IDS:  # 0 is "other"
            segment_id = spread_id(value)
            id_map[semantic == value] = segment_id
            segments[segment_id] = (value - 1, False)
    # Red is the class, from 1; green is the number of the instance.
    codes = instances[..., 1].astype(np.int32) * 256 + instances[..., 0]
    seen = set()
    for code in np.unique(codes[instances[..., 1] > 0]).tolist():
        instance, category = divmod(code, 256)
        if instance in seen or not 1 <= category <= len(THING_IDS):
            raise ValueError(
                f'{instance_path}: instance {instance} (green) has the class '
                f'{category} (red): each needs one class in [1, 100].'
            )
        seen.add(instance)
        segment_id = spread_id(len(CATEGORIES) + instance)
        id_map[codes == code] = segment_id
        segments[segment_id] = (THING_IDS[category - 1], False)
    image = dict(id=path.stem, file_name=path.name, height=height, width=width)
    return image, name, id_map, segments
