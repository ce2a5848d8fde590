"""Draws the outline of every thing, neighbours in different colours.

For pictures of many small things of one class, as nuclei: `draw_panoptic`
colours by class, here every instance has to be told from those it touches.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from scipy import ndimage

from mmremax_runtime.drawing import Colour, hatching, resize

COLOURS = (
    (255, 225, 25),
    (0, 220, 240),
    (255, 80, 70),
    (80, 240, 100),
    (255, 130, 240),
    (255, 150, 30),
    (110, 150, 255),
)
NEAR = 3  # pixels between two things that need different colours


def brighten(image: np.ndarray) -> np.ndarray:
    """Stretch the values of a dark or pale image over the whole range.

    Ten times at most: noise stays dark.

    Args:
        image: (H, W, 3), uint8. One stretch for all channels keeps hues.
    """
    low, high = np.percentile(image, (0.5, 99.5))
    gain = min(255 / max(high - low, 1), 10)
    stretched = (image.astype(np.float32) - low) * gain
    return stretched.clip(0, 255).round().astype(np.uint8)


def draw_outlines(
    image: np.ndarray,
    id_map: np.ndarray,
    num_things: int,
    void: int,
    alpha: float = 0.25,
    long_side: int | None = None,
) -> np.ndarray:
    """Draw the outline of every thing over an image, which turns grey.

    Args:
        image: RGB. (H, W, 3), uint8.
        id_map: Segment ids as of `KMaXFusionHead`; stuff shows the image,
            void is hatched. (H, W), integer.
        num_things: Classes below this are things.
        void: K.
        alpha: Weight of the colour within an outline, in [0, 1].
        long_side: Pixels of the picture's long side; None keeps the image's.

    Returns:
        The picture, RGB. (H', W', 3), uint8.
    """
    id_map = np.asarray(id_map).astype(np.int32)
    label = id_map % INSTANCE_OFFSET
    image, labels = resize(image, label, long_side or max(label.shape))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    picture = np.repeat((0.8 * grey)[..., None], 3, axis=2).astype(np.uint8)
    picture[(labels >= void) & hatching(labels.shape)] = 128
    scale = labels.shape[1] / id_map.shape[1]
    things = np.where(label < num_things, id_map + 1, 0)
    shapes = [
        (_contours(mask, corner, scale), colour)
        for mask, corner, colour in colour_things(things)
    ]
    filled = picture.copy()
    for contours, colour in shapes:
        cv2.drawContours(filled, contours, -1, colour, cv2.FILLED)
    picture = cv2.addWeighted(filled, alpha, picture, 1 - alpha, 0)
    width = max(1, round(max(labels.shape) / 450))
    for contours, colour in shapes:
        cv2.drawContours(picture, contours, -1, colour, width, cv2.LINE_AA)
    return picture


def colour_things(
    things: np.ndarray,
) -> Iterator[tuple[np.ndarray, tuple[int, int], Colour]]:
    """Cut out every thing, and choose a colour that none near it has.

    Args:
        things: Ids, 0 where there is none. (H, W), integer.

    Yields:
        Mask with a margin, (h, w) bool; its left and top in the map; colour.
    """
    ids, numbers = np.unique(np.append(things, 0), return_inverse=True)
    numbers = np.pad(numbers[:-1].reshape(things.shape), NEAR)
    chosen = np.full(len(ids), -1)  # none yet
    places = np.arange(len(COLOURS))
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        rows, cols = (slice(s.start - NEAR, s.stop + NEAR) for s in box)
        part = numbers[rows, cols]
        near = ndimage.binary_dilation(part == number, iterations=NEAR)
        is_free = ~np.isin(places, chosen[np.unique(part[near])])
        turn = (places + number) % len(COLOURS)  # all colours get used
        chosen[number] = turn[is_free[turn].argmax()]
        corner = cols.start - NEAR, rows.start - NEAR
        yield part == number, corner, COLOURS[chosen[number]]


def _contours(
    mask: np.ndarray, corner: tuple[int, int], scale: float
) -> tuple[np.ndarray, ...]:
    """Follow the border of an enlarged mask, without steps of its pixels."""
    size = [max(1, round(side * scale)) for side in mask.shape[::-1]]
    enlarged = cv2.resize(mask.astype(np.float32), size) > 0.5
    contours, _ = cv2.findContours(
        enlarged.astype(np.uint8),
        cv2.RETR_CCOMP,
        cv2.CHAIN_APPROX_NONE,
        offset=[round(side * scale) for side in corner],
    )
    return contours
