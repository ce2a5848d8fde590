"""Discarding of crops that hardly show anything labelled."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmremax.datasets.panoptic_png import VOID_ID


@TRANSFORMS.register_module()
class MinLabelledCells(BaseTransform):
    """Drop a sample unless more than so many cells of the grid have a label.

    A dropped sample (None) is replaced by ``PanopticDataset``, which allows
    a limited number of retries; the last sample is used as it is, also if
    it shows nothing at all.

    Paper: kMaX-DeepLab, published code: 4096 cells at a
    grid of 321 x 321.

    Required keys: `gt_seg_map`, `crop_size`; `retries_left` if samples are
    to be dropped.

    Args:
        minimum: A sample needs more labelled cells than this. None is the
            smaller of 4096 and 1/25 of the grid of the crop size.
        label_stride: Cells are every so many-th pixel of both sides.
    """

    def __init__(
        self, minimum: int | None = None, label_stride: int = 4
    ) -> None:
        self.minimum = minimum
        self.label_stride = label_stride

    def transform(self, results: dict) -> dict | None:
        """Return the sample, or None to discard it."""
        if results.get('retries_left', 0) == 0:
            return results
        step = self.label_stride
        minimum = self.minimum
        if minimum is None:
            height, width = (-(-n // step) for n in results['crop_size'])
            minimum = min(4096, height * width // 25)
        labelled = results['gt_seg_map'][::step, ::step] != VOID_ID
        return results if np.count_nonzero(labelled) > minimum else None
