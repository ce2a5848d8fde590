"""Pasting of segments from another image."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmdet.registry import TRANSFORMS

from mmremax.utils.constants import VOID_ID


@TRANSFORMS.register_module()
class PanopticCopyPaste(BaseTransform):
    """Paste all things and some stuff of another image over this one.

    The other image is any of the data set, this one included. It has a
    pipeline of its own, as a rule this image's at half the scale, and lies
    at the top left. A random number of its segments, from none to all, is
    pasted, and besides all of its things; never void, crowd or padding.

    Where pasted pixels reach beyond this image the result gets larger, and
    may have holes: `real_pixels` then says which pixels show something.
    Transforms that move pixels have to come before.

    Paper: kMaX-DeepLab, published code.

    Required keys: `img`, `gt_seg_map` and `segments_info` with ids as
    ``LoadPanopticMap`` makes them, `crop_size`, `rng`, `dataset`. Modified:
    `img`, `gt_seg_map`, `segments_info` (pasted segments come last),
    `img_shape`. Added, unless everything is real: `real_pixels`, (H, W)
    bool; the pixels that are not have image 0 and id 0.

    Args:
        pipeline: Transforms of the other image, from its loading on. They
            find this image's `crop_size` in the results. If they drop the
            image (None), nothing is pasted.
    """

    def __init__(self, pipeline: Sequence[dict | Callable]) -> None:
        self.pipeline = Compose(
            [t if callable(t) else TRANSFORMS.build(t) for t in pipeline]
        )

    def transform(self, results: dict) -> dict:
        """Draw the other image, choose its segments and paste them."""
        rng, dataset = results['rng'], results['dataset']
        other = dataset.get_data_info(int(rng.integers(len(dataset))))
        other |= {k: results[k] for k in ('rng', 'dataset', 'crop_size')}
        other = self.pipeline(other)
        if other is None:
            return results
        chosen = choose_segments(other['segments_info'], rng)
        return paste(results, other, chosen)


def choose_segments(
    segments_info: list[dict], rng: np.random.Generator
) -> list[dict]:
    """Choose all things, and the stuff among the first few of a random order.

    Crowds are left out; the order is that of the table.
    """
    segments = [s for s in segments_info if not s['iscrowd']]
    places = rng.permutation(len(segments))
    count = rng.integers(len(segments), endpoint=True)
    return [
        segment
        for place, segment in zip(places, segments, strict=True)
        if place < count or segment['is_thing']
    ]


def paste(results: dict, other: dict, segments: list[dict]) -> dict:
    """Paste segments of ``other`` over ``results``, which is changed."""
    table = results['segments_info']
    offset = max((s['id'] for s in table), default=VOID_ID)
    num_ids = 1 + max((s['id'] for s in other['segments_info']), default=0)
    old = results['gt_seg_map']
    new_ids = np.full(num_ids, VOID_ID, old.dtype)
    for segment in segments:
        new_ids[segment['id']] = offset + segment['id']
    pasted_ids = new_ids.take(other['gt_seg_map'], mode='clip')  # fastest
    mask = pasted_ids != VOID_ID
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if height == 0:
        return results
    part = np.s_[top : top + height, left : left + width]
    shape = max(old.shape[0], top + height), max(old.shape[1], left + width)
    results['img'] = _enlarged(results['img'], shape)
    results['gt_seg_map'] = _enlarged(old, shape)
    visible = mask[part].view(np.uint8)
    cv2.copyTo(other['img'][part], visible, results['img'][part])
    cv2.copyTo(pasted_ids[part], visible, results['gt_seg_map'][part])
    results['img_shape'] = shape
    results['segments_info'] = table + [
        dict(segment, id=offset + segment['id']) for segment in segments
    ]
    if shape != old.shape:
        real = _enlarged(np.ones(old.shape, bool), shape)
        real[part] |= mask[part]
        if not real.all():
            results['real_pixels'] = real
    return results


def _enlarged(array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Copy (H, W, ...) into the top left of zeros of another height, width."""
    if shape == array.shape[:2]:
        return array.copy()
    canvas = np.zeros((*shape, *array.shape[2:]), array.dtype)
    canvas[: array.shape[0], : array.shape[1]] = array
    return canvas
