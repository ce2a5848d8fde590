"""Dropping of crops that hardly show anything labelled."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmremax.utils.constants import VOID_ID


@TRANSFORMS.register_module()
class FilterUnlabeledCrops(BaseTransform):
    """Drop a crop unless more than so many locations have a label.

    A dropped sample (None) is replaced by ``PanopticDataset``, which allows
    a limited number of retries; the last sample is used as it is, also if
    it shows nothing at all.

    Paper: kMaX-DeepLab, published code: 4096 locations of 321 x 321.

    Required keys: `gt_seg_map`, `crop_size`; `retries_left` if samples are
    to be dropped.

    Args:
        minimum: A sample needs more labelled locations than this. None is
            the smaller of 4096 and 1/25 of the locations of the crop size.
        label_stride: Locations are every so many-th pixel of both sides, as
            ``PackPanopticInputs`` takes them.
    """

    def __init__(
        self, minimum: int | None = None, label_stride: int = 4
    ) -> None:
        self.minimum = minimum
        self.label_stride = label_stride

    def transform(self, results: dict) -> dict | None:
        """Return the sample, or None to drop it."""
        if results.get('retries_left', 0) == 0:
            return results
        step = self.label_stride
        minimum = self.minimum
        if minimum is None:
            height, width = (-(-n // step) for n in results['crop_size'])
            minimum = min(4096, height * width // 25)
        labelled = results['gt_seg_map'][::step, ::step] != VOID_ID
        return results if np.count_nonzero(labelled) > minimum else None
