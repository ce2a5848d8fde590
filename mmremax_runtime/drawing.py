"""Draws segments over their image: colours, borders, class names.

Letters: H W image, S segments, K classes; ids from 1, 0 is void.
"""

from __future__ import annotations

import colorsys
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageDraw, ImageFont

from .classes import Classes
from .strips import count_values, row_strips

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
PLACE_SIDE = 96  # pixels of the mask in which a name's place is looked for


def draw_segments(
    image: np.ndarray,
    ids: np.ndarray,
    labels: Sequence[int],
    classes: Classes,
    alpha: float = 0.55,
    long_side: int | None = None,
    max_labels: int = 16,
    instances: Sequence[int] | None = None,
    hidden: Collection[int] = (),
) -> Image.Image:
    """Draw segments over an image.

    Args:
        image: RGB. (H, W, 3), uint8.
        ids: Void shows dark and hatched. (H, W), integer.
        labels: Class of each id, from 1. S.
        classes: K.
        alpha: Weight of the colours over the image, in [0, 1].
        long_side: Pixels of the picture's long side; names stay legible on
            a small image. None keeps the image's size.
        max_labels: Most names; the largest segments come first, and a name
            that would cover another or lie on a sliver is left out.
        instances: See `segment_colours`.
        hidden: Classes that are not drawn: the image shows there.
    """
    if image.shape[:2] != ids.shape:
        raise ValueError(
            f'image {image.shape[:2]} and ids {ids.shape} differ in size'
        )
    if long_side is not None:
        image, ids = resize(image, ids, long_side)
    colours = segment_colours(labels, classes.colours, instances)
    table = np.array([(0, 0, 0), *colours], np.float32)
    weight = np.full(len(table), alpha, np.float32)
    weight[0] = 0.75
    areas = count_values(ids, len(table))
    is_hidden = np.isin([-1, *labels], list(hidden))
    weight[is_hidden] = 0
    drawn = np.where(is_hidden[ids], -1, ids) if hidden else ids
    border = _borders(drawn, areas)
    areas[is_hidden] = 0
    stripes = hatching(ids.shape)
    picture = np.empty_like(image)
    for rows in row_strips(ids.shape):
        part, under = ids[rows], image[rows]
        mixed = under + weight[part][..., None] * (table[part] - under)
        mixed[(part == 0) & stripes[rows]] += 45
        line = border[rows]
        mixed[line] += 0.9 * (255 - mixed[line])
        picture[rows] = mixed.clip(0, 255)
    canvas = Image.fromarray(picture)
    names = [classes.names[label] for label in labels]
    _draw_names(canvas, ids, areas[1:], names, colours, max_labels)
    return canvas


def segment_colours(
    labels: Sequence[int],
    palette: Sequence[Colour],
    instances: Sequence[int] | None = None,
) -> list[Colour]:
    """Choose a colour for every segment: its class's, varied by instance.

    Args:
        labels: S.
        palette: K.
        instances: Number of each segment within its class, from 0; None
            counts them as they come. S.
    """
    if instances is None:
        seen: Counter[int] = Counter()
        instances = []
        for label in labels:
            instances.append(seen[label])
            seen[label] += 1
    return [
        _vary(tuple(palette[label]), instance)
        for label, instance in zip(labels, instances, strict=True)
    ]


def resize(
    image: np.ndarray, ids: np.ndarray, long_side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scale both to a long side; ids are not interpolated."""
    height, width = ids.shape
    scale = long_side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    picture = Image.fromarray(image).resize(size, smooth)
    rows, columns = (
        (np.arange(new) * old // new)
        for new, old in zip(size[::-1], ids.shape, strict=True)
    )
    return np.asarray(picture), ids[np.ix_(rows, columns)]


def hatching(shape: tuple[int, int]) -> np.ndarray:
    """Diagonal lines. (H, W), bool."""
    step = max(6, max(shape) // 60)
    turn = np.arange(sum(shape)) % step < max(1, step // 6)
    return sliding_window_view(turn, shape[1])[: shape[0]]


@lru_cache
def load_font(size: int) -> ImageFont.FreeTypeFont:
    """Load the typeface that comes with Pillow, at `size` pixels."""
    return ImageFont.load_default(size)


def _vary(colour: Colour, turn: int) -> Colour:
    """Shift hue and lightness of the n-th instance of a class."""
    if turn == 0:
        return colour
    hue, lightness, saturation = colorsys.rgb_to_hls(*np.divide(colour, 255))
    d_hue, d_lightness = VARIATIONS[turn % len(VARIATIONS)]
    lightness = min(max(lightness + d_lightness, 0.2), 0.85)
    varied = colorsys.hls_to_rgb((hue + d_hue) % 1, lightness, saturation)
    return tuple(round(255 * value) for value in varied)


def _borders(ids: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Pixels at a change of id, few where segments are small. (H, W), bool."""
    border = np.zeros(ids.shape, bool)
    border[:, :-1] |= ids[:, :-1] != ids[:, 1:]
    border[:-1] |= ids[:-1] != ids[1:]
    side = np.sqrt(np.median(areas[areas > 0]))
    width = round(min(max(ids.shape) / 500, side / 12))
    for lines in (border, border.T):
        _spread(lines, width // 2)
        _spread(lines[::-1], (width - 1) // 2)
    return border


def _spread(lines: np.ndarray, reach: int) -> None:
    """Set the `reach` rows after a row that is set, in place."""
    done = 0
    while done < reach:
        step = min(done + 1, reach - done)  # twice as far each time
        lines[step:] |= lines[:-step]
        done += step


def _draw_names(
    canvas: Image.Image,
    ids: np.ndarray,
    areas: np.ndarray,
    names: Sequence[str],
    colours: Sequence[Colour],
    max_labels: int,
) -> None:
    """Write class names into the largest segments, none over another."""
    font = load_font(min(max(max(ids.shape) // 38, 11), 28))
    draw = ImageDraw.Draw(canvas)
    taken: list[tuple[int, int, int, int]] = []
    for index in np.argsort(-areas, kind='stable').tolist():
        if len(taken) == max_labels:
            break
        if areas[index] < MIN_LABEL_AREA * ids.size:
            break
        (x, y), radius = _widest_place(ids == index + 1)
        if radius < 0.5 * font.size:
            continue
        box = draw.textbbox((x, y), names[index], font, 'mm')
        box = _place_box(box, canvas.size)
        if any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        dark = tuple(int(0.3 * value) for value in colours[index])
        draw.rounded_rectangle(box, radius=font.size // 3, fill=dark)
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        draw.text(middle, names[index], fill='white', font=font, anchor='mm')


def _widest_place(mask: np.ndarray) -> tuple[tuple[int, int], float]:
    """Find a pixel (x, y) far from the mask's border, and about how far.

    Peels a small copy of the mask until nothing is left.
    """
    rows = np.flatnonzero(mask.any(1))
    columns = np.flatnonzero(mask.any(0))
    top, left = rows[0], columns[0]
    part = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    step = -(-max(part.shape) // PLACE_SIDE)
    part = np.pad(part[step // 2 :: step, step // 2 :: step], 1)
    if not part.any():
        return (int(left), int(top)), 0
    peeled = 0
    while True:
        inner = part.copy()
        inner[1:] &= part[:-1]
        inner[:-1] &= part[1:]
        inner[:, 1:] &= part[:, :-1]
        inner[:, :-1] &= part[:, 1:]
        if not inner.any():
            break
        part, peeled = inner, peeled + 1
    left_over = np.argwhere(part)
    middle = left_over.mean(0)
    y, x = left_over[np.abs(left_over - middle).sum(1).argmin()]
    place = (
        int(left + (x - 1) * step + step // 2),
        int(top + (y - 1) * step + step // 2),
    )
    return place, (peeled + 0.5) * step


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
