"""Cityscapes, from the folders of the download to COCO-panoptic."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from cityscapesscripts.helpers.labels import id2label, labels
from PIL import Image

from mmremax.datasets.panoptic_png import read_labels
from mmremax.utils.constants import VOID_ID

from .panoptic_files import Annotated, convert_images

# The 19 evaluated classes; a category id is the train id.
CATEGORIES = [
    dict(
        id=label.trainId,
        name=label.name,
        isthing=int(label.hasInstances),
        supercategory=label.category,
        color=list(label.color),
    )
    for label in labels
    if not label.ignoreInEval
]
_SUFFIX = '_gtFine_instanceIds.png'


def find_instance_maps(root: Path, split: str) -> list[Path]:
    """List the instance maps of a split; there have to be some."""
    paths = sorted((root / 'gtFine' / split).glob(f'*/*{_SUFFIX}'))
    if not paths:
        raise FileNotFoundError(
            f'{root}/gtFine/{split}/*/*{_SUFFIX}: no such file. ROOT must '
            'hold the unpacked leftImg8bit_trainvaltest.zip and '
            'gtFine_trainvaltest.zip of cityscapes-dataset.com.'
        )
    return paths


def convert_cityscapes(
    root: Path, split: str, out: Path, num_workers: int = 4
) -> Iterator[dict]:
    """Convert a split of the folders of the download, image by image.

    Pixels, ids, areas and boxes are those of cityscapesscripts'
    `createPanopticImgs --use-train-id`; regions of several objects of a
    thing class are crowds, classes outside the evaluation are void. File
    names of the images are below `leftImg8bit/{split}` (cityscapesscripts
    names files that do not exist).

    Writes `panoptic_{split}.json` and `panoptic_{split}/*.png` to ``out``;
    see ``convert_images``.
    """
    return convert_images(
        out / f'panoptic_{split}.json',
        CATEGORIES,
        find_instance_maps(root, split),
        partial(_read_image, root / 'leftImg8bit' / split),
        num_workers,
    )


def _read_image(image_dir: Path, path: Path) -> Annotated:
    """Read one instance map."""
    image_id = path.name.removesuffix(_SUFFIX)
    file_name = f'{path.parent.name}/{image_id}_leftImg8bit.png'
    try:
        with Image.open(image_dir / file_name) as opened:
            width, height = opened.size  # of the header alone
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{image_dir / file_name} does not exist, but {path} does: '
            'unpack leftImg8bit_trainvaltest.zip.'
        ) from error
    instances = read_labels(str(path), 'it was listed before.').astype(
        np.int32
    )
    if instances.shape != (height, width):
        raise ValueError(
            f'{path} is {instances.shape}, its image {(height, width)}: '
            'they do not belong together.'
        )
    segments = {}
    for instance in np.unique(instances).tolist():
        label = id2label[instance if instance < 1000 else instance // 1000]
        if label.ignoreInEval:
            instances[instances == instance] = VOID_ID
        else:
            crowd = label.hasInstances and instance < 1000
            segments[instance] = (label.trainId, crowd)
    image = dict(id=image_id, file_name=file_name, height=height, width=width)
    return image, f'{image_id}_gtFine_panoptic.png', instances, segments
