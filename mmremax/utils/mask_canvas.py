"""A check that two methods share: masks lie on their image's canvas."""

from __future__ import annotations

from torch import Tensor


def check_canvas(masks: Tensor, img_meta: dict) -> None:
    """Raise if an image's masks (G, h, w) were not padded with their image.

    Raises:
        ValueError: (h, w) is not `batch_input_shape` of the metainfo.
    """
    canvas = tuple(img_meta['batch_input_shape'])
    if tuple(masks.shape[-2:]) != canvas:
        raise ValueError(
            f'{img_meta.get("img_path", "an image")}: masks of '
            f'{tuple(masks.shape[-2:])} on a canvas of {canvas}. Set '
            'pad_mask=True (and pad_seg=True for panoptic data) in the '
            'data_preprocessor.'
        )
