"""Vivid shapes: the classes of `shapes` in images that are learnt in minutes.

Objects are saturated and rich in contrast, grounds pale, so that colour tells
things from stuff, though no class of either; textures are smooth. A laptop's
model finds objects after minutes here, which it does not on `shapes` v1.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from mmremax.utils.panoptic_png import ids_to_colours

from .shape_textures import THINGS
from .shapes import CATEGORIES
from .vivid_painter import VividPainter


def make_vivid_shapes(
    root: str | Path,
    num_train: int,
    num_val: int,
    size: tuple[int, int] = (128, 128),
    seed: int = 0,
) -> Iterator[Path]:
    """Write a data set in COCO-panoptic layout, image by image.

    The same arguments write the same pixels; an image depends on the seed,
    its split and its number alone.

    Args:
        root: Folder to write to: ``{split}/*.jpg``,
            ``annotations/panoptic_{split}/*.png`` and
            ``annotations/panoptic_{split}.json``.
        num_train: Number of images of the split ``train``.
        num_val: Number of images of the split ``val``.
        size: Height and width of the images, in pixels.
        seed: Seed of the whole set.

    Yields:
        Path of each image, after it has been written.
    """
    root = Path(root)
    for split, (name, count) in enumerate(
        (('train', num_train), ('val', num_val))
    ):
        png_dir = root / 'annotations' / f'panoptic_{name}'
        png_dir.mkdir(parents=True, exist_ok=True)
        (root / name).mkdir(parents=True, exist_ok=True)
        images, annotations = [], []
        for index in range(count):
            rng = np.random.default_rng((seed, split, index))
            image, id_map, segments = draw_sample(rng, size)
            stem = f'{index + 1:012d}'
            path = root / name / f'{stem}.jpg'
            cv2.imwrite(
                str(path), image[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 95)
            )
            cv2.imwrite(
                str(png_dir / f'{stem}.png'), ids_to_colours(id_map)[..., ::-1]
            )
            images.append(
                dict(
                    id=index + 1,
                    file_name=path.name,
                    height=size[0],
                    width=size[1],
                )
            )
            annotations.append(
                dict(
                    image_id=index + 1,
                    file_name=f'{stem}.png',
                    segments_info=segments,
                )
            )
            yield path
        json_path = root / 'annotations' / f'panoptic_{name}.json'
        json_path.write_text(
            json.dumps(
                dict(
                    info=dict(description='mmremax vivid shapes', seed=seed),
                    images=images,
                    annotations=annotations,
                    categories=CATEGORIES,
                )
            )
        )


def draw_sample(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, list[dict]]:
    """Draw one image with its panoptic annotation.

    Args:
        rng: Source of all randomness.
        size: Height and width, in pixels; at least 64 each.

    Returns:
        Tuple of the RGB image (H, W, 3) in uint8, the map of segment ids
        (H, W) in int32 with 0 for unlabelled pixels, and the segment table
        of the annotation file.
    """
    painter = VividPainter(rng, size)
    painter.draw_ground()
    if rng.random() < 0.12:
        painter.draw_crowd()
    num_things = int(rng.integers(2, 5))
    labels = list(rng.integers(0, len(THINGS), num_things))
    if rng.random() < 0.5:  # a neighbour of the same class on top
        labels.append(labels[-1])
    for i, label in enumerate(labels):
        painter.draw_thing(int(label), beside_last=i == num_things)
    if rng.random() < 0.5:
        painter.draw_unlabelled()
    image = painter.finish()
    return image, painter.id_map, painter.segments()
