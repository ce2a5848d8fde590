"""Draws a panoptic map over its image: colours, borders, class names.

mmdet's visualizer colours all instances of a class alike, fails on a map
without segments and puts a name on every sliver; this one does not.

Letters: H W image, K classes; ids as of `KMaXFusionHead`: class + 1000 x
instance, void K (see docs/notation.md).
"""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
# Hue and lightness added to the class colour of instance 0, 1, 2, ...
VARIATIONS = (
    (0.0, 0.0),
    (0.05, 0.14),
    (-0.05, -0.14),
    (0.09, -0.08),
    (-0.09, 0.10),
    (0.0, 0.22),
    (0.13, 0.04),
)
MIN_LABEL_AREA = 0.004  # of the picture: smaller segments get no name


def draw_panoptic(
    image: np.ndarray,
    id_map: np.ndarray,
    classes: Sequence[str],
    palette: Sequence[Colour],
    alpha: float = 0.55,
    long_side: int | None = None,
    max_labels: int = 16,
) -> np.ndarray:
    """Draw segments over an image.

    Args:
        image: RGB. (H, W, 3), uint8.
        id_map: Segment ids; void shows dark and hatched. (H, W), integer.
        classes: Names.
        palette: RGB, 0 to 255.
        alpha: Weight of the colours over the image, in [0, 1].
        long_side: Pixels of the picture's long side; names stay legible on
            a small image. None keeps the image's size.
        max_labels: Most names; the largest segments come first, and a name
            that would cover another or lie on a sliver is left out.

    Returns:
        The picture, RGB. (H', W', 3), uint8.
    """
    if image.shape[:2] != id_map.shape:
        raise ValueError(
            f'image {image.shape[:2]} and id_map {id_map.shape} differ in size'
        )
    id_map = np.asarray(id_map).astype(np.int32)
    if long_side is not None:
        image, id_map = resize(image, id_map, long_side)
    colours = segment_colours(id_map, palette)
    picture = image.astype(np.float32)
    for segment_id, colour in colours.items():
        mask = id_map == segment_id
        picture[mask] += alpha * (np.float32(colour) - picture[mask])
    void = id_map % INSTANCE_OFFSET >= len(classes)
    picture[void] *= 0.25
    picture[void & hatching(id_map.shape)] += 45
    border = _borders(id_map)
    picture[border] += 0.9 * (255 - picture[border])
    canvas = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    _draw_names(canvas, id_map, classes, colours, max_labels)
    return np.asarray(canvas)


def segment_colours(
    id_map: np.ndarray, palette: Sequence[Colour]
) -> dict[int, Colour]:
    """Choose a colour for every segment: its class's, varied by instance.

    Returns:
        RGB by segment id, void left out.
    """
    colours, seen = {}, {}
    for segment_id in np.unique(id_map).tolist():
        label = segment_id % INSTANCE_OFFSET
        if label >= len(palette):
            continue
        turn = seen.get(label, 0)
        seen[label] = turn + 1
        colours[segment_id] = _vary(tuple(palette[label]), turn)
    return colours


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
        font = _load_font(title_size)
        draw.text(middle, title, fill=(40, 40, 40), font=font, anchor='mm')
        left += image.width + gap
    return np.asarray(canvas)


@lru_cache
def _load_font(size: int) -> ImageFont.FreeTypeFont:
    """Load the typeface that comes with matplotlib, at `size` pixels."""
    folder = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
    return ImageFont.truetype(str(folder / 'DejaVuSans-Bold.ttf'), size)


def resize(
    image: np.ndarray, id_map: np.ndarray, long_side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scale both to a long side; ids are not interpolated."""
    height, width = id_map.shape
    scale = long_side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(image, size, interpolation=smooth)
    return image, cv2.resize(id_map, size, interpolation=cv2.INTER_NEAREST)


def _vary(colour: Colour, turn: int) -> Colour:
    """Shift hue and lightness of the n-th instance of a class."""
    if turn == 0:
        return colour
    hue, lightness, saturation = colorsys.rgb_to_hls(*np.divide(colour, 255))
    d_hue, d_lightness = VARIATIONS[turn % len(VARIATIONS)]
    lightness = min(max(lightness + d_lightness, 0.2), 0.85)
    varied = colorsys.hls_to_rgb((hue + d_hue) % 1, lightness, saturation)
    return tuple(round(255 * value) for value in varied)


def hatching(shape: tuple[int, int]) -> np.ndarray:
    """Diagonal lines. (H, W), bool."""
    step = max(6, max(shape) // 60)
    y, x = np.indices(shape)
    return (y + x) % step < max(1, step // 6)


def _borders(id_map: np.ndarray) -> np.ndarray:
    """Pixels at a change of id, few where segments are small. (H, W), bool."""
    border = np.zeros(id_map.shape, dtype=np.uint8)
    border[:, :-1] |= id_map[:, :-1] != id_map[:, 1:]
    border[:-1] |= id_map[:-1] != id_map[1:]
    _, areas = np.unique(id_map, return_counts=True)
    side = np.sqrt(np.median(areas))
    width = round(min(max(id_map.shape) / 500, side / 12))
    if width > 1:
        border = cv2.dilate(border, np.ones((width, width), np.uint8))
    return border.astype(bool)


def _draw_names(
    canvas: Image.Image,
    id_map: np.ndarray,
    classes: Sequence[str],
    colours: dict[int, Colour],
    max_labels: int,
) -> None:
    """Write class names into the largest segments, none over another."""
    font = _load_font(min(max(max(id_map.shape) // 42, 10), 26))
    draw = ImageDraw.Draw(canvas)
    area = {i: int((id_map == i).sum()) for i in colours}
    taken: list[tuple[int, int, int, int]] = []
    for segment_id in sorted(colours, key=area.get, reverse=True):
        if len(taken) == max_labels:
            break
        if area[segment_id] < MIN_LABEL_AREA * id_map.size:
            break
        (x, y), radius = _widest_place(id_map == segment_id)
        if radius < 0.5 * font.size:
            continue
        name = classes[segment_id % INSTANCE_OFFSET]
        box = _place_box(draw.textbbox((x, y), name, font, 'mm'), canvas.size)
        if any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        dark = tuple(int(0.3 * value) for value in colours[segment_id])
        draw.rounded_rectangle(box, radius=font.size // 3, fill=dark)
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        draw.text(middle, name, fill='white', font=font, anchor='mm')


def _widest_place(mask: np.ndarray) -> tuple[tuple[int, int], float]:
    """Find the pixel (x, y) farthest from the border, and how far it is."""
    distance = cv2.distanceTransform(
        np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3
    )
    _, radius, _, (x, y) = cv2.minMaxLoc(distance)
    return (x - 1, y - 1), radius


def _place_box(
    text_box: tuple[float, ...], size: tuple[int, int], pad: int = 4
) -> tuple[int, int, int, int]:
    """Pad a text's box and shift it into the picture."""
    left, top, right, bottom = (int(value) for value in text_box)
    left, top, right, bottom = left - pad, top - pad, right + pad, bottom + pad
    dx = max(0, -left) or min(0, size[0] - 1 - right)
    dy = max(0, -top) or min(0, size[1] - 1 - bottom)
    return left + dx, top + dy, right + dx, bottom + dy


def _overlap(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Say whether two boxes meet."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
