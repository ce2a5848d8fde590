"""mmcv's, mmdet's and mmseg's loading, with the refusals of ours.

While `safe_loading` lasts they stand under the names in the configs.
"""

from __future__ import annotations

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmdet.datasets.transforms import LoadPanopticAnnotations
from mmdet.registry import TRANSFORMS as DET_TRANSFORMS
from mmengine.registry import TRANSFORMS
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS as SEG_TRANSFORMS

from mmremax.datasets.panoptic_png import check_labels, read_segments
from mmremax.utils.stand_ins import stands_in_for
from mmremax_runtime.images import UNREADABLE, unreadable

from .loading import load_image

PNG_REMEDY = 'the data set lists it: unpack it, or check data_prefix.'


@stands_in_for(TRANSFORMS, 'LoadImageFromFile')
class LoadCheckedImage(LoadImageFromFile):
    """mmcv's; see ``LoadPanopticImage`` for what it refuses. BGR.

    Other kinds of colours and of decoders than the default ones, which a
    config has to name, are mmcv's alone.
    """

    def transform(self, results: dict) -> dict | None:
        """Load the image."""
        if (self.color_type, self.imdecode_backend) != ('color', 'cv2'):
            return super().transform(results)
        image = load_image(results, self.backend_args)[..., ::-1]
        kind = np.float32 if self.to_float32 else np.uint8
        results['img'] = np.ascontiguousarray(image, kind)
        return results


@stands_in_for(SEG_TRANSFORMS, 'LoadAnnotations')
class LoadCheckedLabels(LoadAnnotations):
    """mmseg's; a map has one channel of 8 bits and the image's size."""

    def _load_seg_map(self, results: dict) -> None:
        path = results['seg_map_path']
        shape = results.get('ori_shape')
        check_labels(path, PNG_REMEDY, shape, self.backend_args, bits=8)
        try:
            super()._load_seg_map(results)
        except UNREADABLE as error:
            raise unreadable(path, error) from error


@stands_in_for(DET_TRANSFORMS, 'LoadPanopticAnnotations')
class LoadCheckedSegments(LoadPanopticAnnotations):
    """mmdet's; see ``read_segments`` for what it refuses."""

    def _load_masks_and_semantic_segs(self, results: dict) -> None:
        if path := results.get('seg_map_path'):
            shape, table = results['ori_shape'], results['segments_info']
            read_segments(path, PNG_REMEDY, shape, table, self.backend_args)
        super()._load_masks_and_semantic_segs(results)
