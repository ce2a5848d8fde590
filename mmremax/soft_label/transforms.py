"""Soft labels in mmseg's pipelines: class fractions instead of classes.

Letters: C classes, K classes kept of a pixel, h w the resized image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs, Resize
from mmseg.registry import TRANSFORMS

from mmremax.utils.constants import IGNORE

from .kernels import KERNELS, class_fractions
from .target import KEY, encode_dense, encode_topk

# The label kernel that goes with an image interpolation, by backend.
_SMOOTH = ('bilinear', 'bicubic', 'lanczos')
_COHERENT = dict(
    cv2=dict.fromkeys(_SMOOTH, 'bilinear') | {'area': 'area'},
    pillow=dict.fromkeys((*_SMOOTH, 'hamming'), 'bilinear_aa')
    | {'box': 'area'},
)


@TRANSFORMS.register_module()
class SoftLabelResize(Resize):
    """mmseg's Resize, with the fractions of the classes in each new pixel.

    Also as `resize_type` of RandomResize. The fractions come from the label
    map as it was loaded; the hard map is resized by the nearest pixel, as
    ever.

    Required keys: `img`, `gt_seg_map`. Added: `gt_soft_seg`, uint8,
    (h, w, C) or (h, w, 2K), also in `seg_fields`, so that RandomCrop and
    RandomFlip move it; `soft_seg_encoding`. Modified: what Resize modifies.

    Args:
        num_classes: C.
        label_kernel: See resize_plane; ``auto`` follows `interpolation`
            and `backend`.
        encoding: ``uint8``, a code of every class, or ``topk``, the codes
            of the K largest; the rest then counts as ignored.
        topk: K.
        soften_upscale: Also soften where the image is enlarged, as the
            paper's code does; else labels are then the nearest pixel's.
        **kwargs: Of Resize.
    """

    def __init__(
        self,
        *args: Any,
        num_classes: int,
        label_kernel: str = 'auto',
        encoding: str = 'uint8',
        topk: int = 4,
        soften_upscale: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        kernels = _COHERENT.get(self.backend, {})
        if label_kernel == 'auto' and self.interpolation not in kernels:
            raise ValueError(
                'There is no label kernel for the image interpolation '
                f'{self.interpolation!r} of {self.backend}: name one with '
                f'label_kernel= ({", ".join(KERNELS)}), or use another '
                'interpolation.'
            )
        if label_kernel == 'auto':
            label_kernel = kernels[self.interpolation]
        if label_kernel not in KERNELS:
            raise ValueError(
                f'label_kernel={label_kernel!r} is neither auto nor one of '
                f'{", ".join(KERNELS)}.'
            )
        if encoding not in ('uint8', 'topk'):
            raise ValueError(
                f"encoding={encoding!r} is neither 'uint8' nor 'topk'."
            )
        if encoding == 'topk' and num_classes > IGNORE:
            raise ValueError(
                f"encoding='topk' holds class ids below {IGNORE}, not "
                f"{num_classes} classes: use 'uint8'."
            )
        self.num_classes = num_classes
        self.label_kernel = label_kernel
        self.encoding = encoding
        self.topk = topk
        self.soften_upscale = soften_upscale

    def _resize_seg(self, results: dict) -> None:
        """Soften the loaded map, then resize the hard ones."""
        label_map = results.get('gt_seg_map')
        if label_map is None:
            raise ValueError(
                'SoftLabelResize softens gt_seg_map, which is not there: put '
                'LoadAnnotations before it.'
            )
        if KEY in results:
            raise ValueError(
                'SoftLabelResize: the labels are softened already; keep one '
                'resize in the pipeline.'
            )
        size = tuple(results['img_shape'][:2])
        kernel = self.label_kernel
        if not self.soften_upscale and np.prod(size) > label_map.size:
            kernel = 'nearest'
        found = class_fractions(label_map, size, kernel, self.num_classes)
        super()._resize_seg(results)
        if self.encoding == 'topk':
            results[KEY] = encode_topk(*found, self.topk)
        else:
            results[KEY] = encode_dense(*found, self.num_classes)
        results['seg_fields'].append(KEY)
        results['soft_seg_encoding'] = self.encoding


@TRANSFORMS.register_module()
class PackSoftSegInputs(PackSegInputs):
    """mmseg's packing, with soft labels where there are some.

    `gt_soft_seg` of the sample is a PixelData of its own: `data`, (C, h, w)
    uint8, or with ``topk`` `ids` and `weights`, (K, h, w) uint8 each.
    """

    def transform(self, results: dict) -> dict:
        """Pack; a ValueError if soft labels no longer fit the image."""
        packed = super().transform(results)
        if KEY not in results:
            return packed
        soft = results[KEY]
        sizes = [results[key].shape[:2] for key in ('img', 'gt_seg_map', KEY)]
        if len(set(sizes)) > 1:
            raise ValueError(
                f'Image {sizes[0]}, gt_seg_map {sizes[1]} and soft labels '
                f'{sizes[2]} do not fit: after SoftLabelResize only '
                'RandomCrop, RandomFlip and colors may follow; the '
                'preprocessor pads.'
            )
        planes = torch.from_numpy(soft.transpose(2, 0, 1).copy())
        if results['soft_seg_encoding'] == 'topk':
            ids, weights = planes.chunk(2)
            field = PixelData(ids=ids, weights=weights)
        else:
            field = PixelData(data=planes)
        packed['data_samples'].set_data({KEY: field})
        return packed
