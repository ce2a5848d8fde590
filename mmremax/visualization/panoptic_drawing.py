"""Draws maps with mmdet's ids, beside others; ground truth with such ids.

Letters: H W image, K classes; ids as of `KMaXFusionHead`: class + 1000 x
instance, void K (see docs/notation.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from mmremax_runtime import Classes
from mmremax_runtime.drawing import Colour, draw_segments, load_font
from mmremax_runtime.merge import INSTANCE_OFFSET


def draw_panoptic(
    image: np.ndarray,
    id_map: np.ndarray,
    classes: Sequence[str],
    palette: Sequence[Colour],
    **options: object,
) -> np.ndarray:
    """Draw segments over an image.

    Args:
        image: RGB. (H, W, 3), uint8.
        id_map: Void shows dark and hatched. (H, W), integer.
        classes: Names.
        palette: RGB, 0 to 255.
        **options: Of `mmremax_runtime.drawing.draw_segments`.

    Returns:
        The picture, RGB. (H', W', 3), uint8.
    """
    found, inverse = np.unique(id_map, return_inverse=True)
    labels = found % INSTANCE_OFFSET
    real = labels < len(classes)
    numbers = np.where(real, np.cumsum(real), 0)
    names = Classes(tuple(classes), 0, tuple(map(tuple, palette)))
    picture = draw_segments(
        image,
        numbers[inverse].reshape(id_map.shape),
        labels[real].tolist(),
        names,
        **options,
    )
    return np.asarray(picture)


def encode_segments(
    segment_map: np.ndarray, segments_info: Sequence[dict], void: int
) -> np.ndarray:
    """Write ground truth with the ids of predictions, to draw it alike.

    Args:
        segment_map: Ids of an annotation PNG. (H, W), integer.
        segments_info: `id`, `category` (class, from 0), `is_thing` and
            `iscrowd` of each; crowds show as void, as they are in training.
        void: K.

    Returns:
        Class + 1000 x instance for things, class for stuff. (H, W), int32.
    """
    ids = np.full(segment_map.shape, void, dtype=np.int32)
    for number, segment in enumerate(segments_info, start=1):
        if segment['iscrowd']:
            continue
        offset = INSTANCE_OFFSET * number if segment['is_thing'] else 0
        ids[segment_map == segment['id']] = segment['category'] + offset
    return ids


def encode_grid(
    segment_map: np.ndarray,
    labels: np.ndarray,
    num_things: int,
    void: int,
    stride: int = 4,
) -> np.ndarray:
    """Write the label grid of a training sample with ids of predictions.

    Args:
        segment_map: Index of each cell's segment, -1 is void. (h, w).
        labels: Classes of the segments. (G,).
        num_things: Number of thing classes, which come first.
        void: K.
        stride: Pixels from cell to cell.

    Returns:
        Ids as of `encode_segments`, each pixel with that of the cell whose
        own pixel is nearest. (stride * h, stride * w), int32.
    """
    numbers = np.arange(1, len(labels) + 1)
    ids = labels + np.where(labels < num_things, INSTANCE_OFFSET * numbers, 0)
    grid = np.append(ids, void).astype(np.int32)[segment_map]  # -1: the last
    nearest = [
        np.minimum((np.arange(stride * n) + stride // 2) // stride, n - 1)
        for n in grid.shape
    ]
    return grid[np.ix_(*nearest)]


def side_by_side(panels: Mapping[str, np.ndarray]) -> np.ndarray:
    """Make one picture: panels from left to right, each under its title.

    Args:
        panels: RGB pictures by title, (H, W, 3), uint8; all are scaled to
            the height of the highest.
    """
    height = max(picture.shape[0] for picture in panels.values())
    images = []
    for picture in panels.values():
        width = round(picture.shape[1] * height / picture.shape[0])
        images.append(Image.fromarray(picture).resize((width, height)))
    gap = max(6, height // 60)
    title_size = min(max(height // 24, 12), 28)
    title_height = 2 * title_size
    width = sum(image.width + gap for image in images) + gap
    size = width, title_height + height + gap
    canvas = Image.new('RGB', size, (250, 250, 250))
    draw = ImageDraw.Draw(canvas)
    left = gap
    for title, image in zip(panels, images, strict=True):
        canvas.paste(image, (left, title_height))
        middle = left + image.width / 2, title_height / 2
        font = load_font(title_size)
        draw.text(middle, title, fill=(40, 40, 40), font=font, anchor='mm')
        left += image.width + gap
    return np.asarray(canvas)
