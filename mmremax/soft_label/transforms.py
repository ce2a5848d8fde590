"""Soft labels for mmseg's pipelines: class fractions instead of classes.

Paper: Alcover-Couso et al., soft labels (arXiv 2302.13961).

Letters: C classes, K classes kept in a cell, H W the label map as loaded,
h w the resized image, f the factor of SoftLabelFromHiRes.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmseg.datasets.transforms import Resize
from mmseg.registry import TRANSFORMS

from mmremax.utils.constants import IGNORE

from .encoding import (
    ENCODINGS,
    encode_fractions,
)
from .kernels import (
    KERNELS,
    class_fractions,
)

# The kernel that goes with an image kernel; no negative weights.
_KERNEL_OF = {
    ('cv2', 'bilinear'): 'bilinear',
    ('cv2', 'bicubic'): 'bilinear',
    ('cv2', 'lanczos'): 'bilinear',
    ('cv2', 'area'): 'area',
    ('pillow', 'bilinear'): 'bilinear_aa',
    ('pillow', 'bicubic'): 'bilinear_aa',
    ('pillow', 'lanczos'): 'bilinear_aa',
    ('pillow', 'hamming'): 'bilinear_aa',
    ('pillow', 'box'): 'area',
}
KEY = 'gt_soft_seg'


def label_kernel_of(backend: str, interpolation: str) -> str:
    """Name the label kernel that is coherent with an image's.

    Raises:
        ValueError: The image is resized by the nearest pixel, or unknown.
    """
    kernel = _KERNEL_OF.get((backend, interpolation))
    if kernel is None:
        raise ValueError(
            f'There is no label kernel for the image interpolation '
            f'{interpolation!r} of {backend}: name one with label_kernel= '
            f'({", ".join(KERNELS)}), or use another interpolation.'
        )
    return kernel


@TRANSFORMS.register_module()
class SoftLabelResize(Resize):
    """mmseg's Resize, with the fractions of the classes in each new pixel.

    Also as `resize_type` of RandomResize. The fractions come from the label
    map as it was loaded; the hard map is resized by the nearest pixel, as
    ever.

    Required keys: `img`, `gt_seg_map`. Added: `gt_soft_seg`, (h, w, C) or
    (h, w, 2K), also in `seg_fields`, so that RandomCrop and RandomFlip move
    it; `soft_seg_encoding`. Modified: what Resize modifies.

    Args:
        num_classes: C.
        label_kernel: See kernel_matrix; ``auto`` follows `interpolation`
            and `backend`.
        encoding: See encode_fractions.
        topk: K.
        soften_upscale: Also soften where the image is enlarged, as the
            paper's code does; else labels are then the nearest pixel's.
        ignore_index: Label of pixels that do not count.
        **kwargs: Of Resize.

    Raises:
        ValueError: A name is unknown, or classes do not fit into uint8.
    """

    def __init__(
        self,
        *args: Any,
        num_classes: int,
        label_kernel: str = 'auto',
        encoding: str = 'uint8',
        topk: int = 4,
        soften_upscale: bool = True,
        ignore_index: int = IGNORE,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if label_kernel == 'auto':
            label_kernel = label_kernel_of(self.backend, self.interpolation)
        if label_kernel not in KERNELS:
            raise ValueError(
                f'label_kernel={label_kernel!r} is neither auto nor one of '
                f'{", ".join(KERNELS)}.'
            )
        if encoding not in ENCODINGS:
            raise ValueError(
                f'encoding={encoding!r} is none of {", ".join(ENCODINGS)}.'
            )
        if encoding == 'topk' and num_classes > IGNORE:
            raise ValueError(
                f"encoding='topk' holds class ids below {IGNORE}, not "
                f'{num_classes} classes: use float16.'
            )
        self.num_classes = num_classes
        self.label_kernel = label_kernel
        self.encoding = encoding
        self.topk = topk
        self.soften_upscale = soften_upscale
        self.ignore_index = ignore_index

    def _resize_seg(self, results: dict) -> None:
        """Soften the loaded map, then resize the hard ones."""
        label_map = loaded_labels(results, type(self).__name__)
        size = tuple(results['img_shape'][:2])
        kernel = self.label_kernel
        if not self.soften_upscale and np.prod(size) > label_map.size:
            kernel = 'nearest'
        classes, fractions = class_fractions(
            label_map, size, kernel, self.num_classes, self.ignore_index
        )
        super()._resize_seg(results)
        results[KEY] = encode_fractions(
            classes, fractions, self.num_classes, self.encoding, self.topk
        )
        results['seg_fields'].append(KEY)
        results['soft_seg_encoding'] = self.encoding


@TRANSFORMS.register_module()
class SoftLabelFromHiRes(Resize):
    """mmseg's Resize, keeping f x f labels for each new pixel.

    Smaller to store and move than fractions; the head counts the labels on
    the device. Exact with the area kernel where the image is 1 / f of the
    loaded one; else the loaded map is first resized to f times the image by
    the nearest pixel. Also as `resize_type` of RandomResize.

    Required keys: `img`, `gt_seg_map`. Added: `gt_soft_seg`, (h, w, f * f)
    uint8, the labels of a pixel's f x f cells as channels, also in
    `seg_fields`; `soft_seg_encoding`. Crop and flip move it like the image:
    fractions do not depend on the order inside a cell.

    Args:
        factor: f.
        **kwargs: Of Resize.
    """

    def __init__(self, *args: Any, factor: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if int(factor) != factor or factor < 1:
            raise ValueError(
                f'SoftLabelFromHiRes: factor={factor} is no positive whole '
                'number; SoftLabelResize takes any scale.'
            )
        self.factor = int(factor)

    def _resize_seg(self, results: dict) -> None:
        """Keep the loaded map in cells, then resize the hard ones."""
        label_map = loaded_labels(results, type(self).__name__)
        f = self.factor
        h, w = results['img_shape'][:2]
        fine = label_map.astype(np.uint8)
        if fine.shape != (f * h, f * w):
            fine = cv2.resize(
                fine, (f * w, f * h), interpolation=cv2.INTER_NEAREST
            )
        super()._resize_seg(results)
        cells = fine.reshape(h, f, w, f).transpose(0, 2, 1, 3)
        results[KEY] = cells.reshape(h, w, f * f)
        results['seg_fields'].append(KEY)
        results['soft_seg_encoding'] = 'labels'


def loaded_labels(results: dict, name: str) -> np.ndarray:
    """Return the hard map before it is resized.

    Args:
        results: Of a pipeline.
        name: Of the transform that asks, for the message.

    Raises:
        ValueError: It is not there, or was softened already.
    """
    if results.get('gt_seg_map') is None:
        raise ValueError(
            f'{name} softens gt_seg_map, which is not there: put '
            'LoadAnnotations before it.'
        )
    if KEY in results:
        raise ValueError(
            f'{name}: the labels are softened already; keep one '
            'resize in the pipeline.'
        )
    return results['gt_seg_map']
