"""Soft labels on their way from the pipeline into the sample.

Paper: Alcover-Couso et al., soft labels (arXiv 2302.13961).

Letters: C classes, K classes kept in a cell, h w the resized image, f the
factor of SoftLabelFromHiRes.
"""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS

from .encoding import (
    CODE,
    ENCODINGS,
    decode_fractions,
    encode_fractions,
)
from .transforms import KEY


@TRANSFORMS.register_module()
class SoftLabelPool(BaseTransform):
    """Average fractions over stride x stride pixels, after the crop.

    For heads that are supervised at their output stride: a smaller target,
    and no logits at the crop's resolution.

    Required and modified keys: `gt_soft_seg`. Added: `soft_seg_stride`. The
    hard map keeps its size.

    Args:
        stride: Pixels of a cell's side.
        pad: Enlarge a crop that is no multiple of the stride with cells
            without mass, right and below; else it is an error.
    """

    def __init__(self, stride: int, pad: bool = False) -> None:
        self.stride = stride
        self.pad = pad

    def transform(self, results: dict) -> dict:
        """Pool.

        Raises:
            ValueError: There are no soft labels, or sizes do not divide.
        """
        if results.get('soft_seg_encoding') not in ENCODINGS:
            raise ValueError(
                'SoftLabelPool needs gt_soft_seg of SoftLabelResize before '
                'it (SoftLabelFromHiRes: pool with a larger factor).'
            )
        soft, s = results[KEY], self.stride
        missing = [-side % s for side in soft.shape[:2]]
        if any(missing) and not self.pad:
            raise ValueError(
                f'SoftLabelPool: {soft.shape[:2]} pixels are no multiple of '
                f'the stride {s}: choose a crop_size that is one, or set '
                'pad=True.'
            )
        encoding = results['soft_seg_encoding']
        classes, q = decode_fractions(soft, encoding)
        q = np.pad(q, ((0, 0), (0, missing[0]), (0, missing[1])))
        p, h, w = q.shape
        q = q.reshape(p, h // s, s, w // s, s).mean((2, 4))
        channels = soft.shape[2]
        results[KEY] = encode_fractions(
            classes, q, channels, encoding, channels // 2
        )
        results['soft_seg_stride'] = s
        return results


@TRANSFORMS.register_module()
class PackSoftSegInputs(PackSegInputs):
    """mmseg's packing, with soft labels where there are some.

    `gt_soft_seg` of the sample is a PixelData of its own: `data`, (C, h, w),
    or (f * f, h, w) labels; with ``topk`` `ids` and `weights`, (K, h, w)
    uint8 each. Its metainfo: `soft_seg_encoding`, `soft_seg_stride`, and
    `soft_seg_scale`, the number that stands for fraction 1.

    Args:
        **kwargs: Of PackSegInputs.
    """

    def transform(self, results: dict) -> dict:
        """Pack.

        Raises:
            ValueError: The soft labels no longer fit the image.
        """
        packed = super().transform(results)
        if KEY not in results:
            return packed
        soft = results[KEY]
        stride = results.get('soft_seg_stride', 1)
        encoding = results['soft_seg_encoding']
        _check_size(results, soft.shape[:2], stride)
        planes = torch.from_numpy(soft.transpose(2, 0, 1).copy())
        if encoding == 'topk':
            ids, weights = planes.chunk(2)
            field = PixelData(ids=ids, weights=weights)
        else:
            field = PixelData(data=planes)
        scales = dict(uint8=CODE, topk=CODE, labels=soft.shape[2])
        sample = packed['data_samples']
        sample.set_data({KEY: field})
        sample.set_metainfo(
            dict(
                soft_seg_encoding=encoding,
                soft_seg_stride=stride,
                soft_seg_scale=scales.get(encoding, 1),
            )
        )
        return packed


def _check_size(results: dict, size: tuple[int, int], stride: int) -> None:
    """Find transforms that moved the image or hard map alone."""
    image = results['img'].shape[:2]
    wanted = tuple(-(-side // stride) for side in image)
    if size != wanted or results['gt_seg_map'].shape[:2] != image:
        raise ValueError(
            f'Image {image}, gt_seg_map {results["gt_seg_map"].shape[:2]} '
            f'and soft labels {size} (stride {stride}) do not fit: after '
            'SoftLabelResize only RandomCrop, RandomFlip and colours may '
            'follow; SoftSegDataPreProcessor pads.'
        )
