"""Puts pictures side by side under titles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from .panoptic_drawing import load_font

BACKGROUND = (250, 250, 250)
INK = (40, 40, 40)


def side_by_side(panels: Mapping[str, np.ndarray]) -> np.ndarray:
    """Make one picture: panels from left to right, each under its title.

    Args:
        panels: Title -> RGB picture. (H, W, 3), uint8; all are scaled to
            the height of the highest.

    Returns:
        The picture, RGB. uint8.
    """
    height = max(picture.shape[0] for picture in panels.values())
    images = []
    for picture in panels.values():
        width = round(picture.shape[1] * height / picture.shape[0])
        images.append(Image.fromarray(picture).resize((width, height)))
    gap = max(6, height // 60)
    title_size = min(max(height // 24, 12), 28)
    title_height = 2 * title_size
    canvas = Image.new(
        'RGB',
        (
            sum(image.width + gap for image in images) + gap,
            title_height + height + gap,
        ),
        BACKGROUND,
    )
    draw = ImageDraw.Draw(canvas)
    left = gap
    for title, image in zip(panels, images, strict=True):
        canvas.paste(image, (left, title_height))
        middle = left + image.width / 2, title_height / 2
        draw.text(
            middle, title, fill=INK, font=load_font(title_size), anchor='mm'
        )
        left += image.width + gap
    return np.asarray(canvas)
