"""From one map of segments to the masks that mmdet's own heads train on."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.mask import BitmapMasks

from mmremax.utils.constants import IGNORE


@TRANSFORMS.register_module()
class PanopticMapToMasks(BaseTransform):
    """Turn the map of ``LoadPanopticMap`` into mmdet's targets.

    Stands after the geometric transforms and before mmdet's
    ``PackDetInputs``, so that crop and resize still move one map. Crowds
    and unlabelled pixels are void: in no mask, and 255 in the semantic map.
    Segments without a pixel left are dropped.

    Required keys: `gt_seg_map`, segment ids, 0 is void, (H, W);
    `segments_info`, with `id`, `category`, `is_thing`, `iscrowd`. Modified:
    `gt_seg_map`, class of each pixel or 255, (H, W) uint8. Added:
    `gt_masks`, BitmapMasks of the things (G, H, W); `gt_bboxes_labels`,
    their classes, (G,) int64.
    """

    def transform(self, results: dict) -> dict:
        """Write the masks."""
        id_map = results['gt_seg_map']
        visible = set(np.unique(id_map).tolist())
        semantic_map = np.full(id_map.shape, IGNORE, np.uint8)
        masks, labels = [], []
        for segment in results['segments_info']:
            if segment['iscrowd'] or segment['id'] not in visible:
                continue
            mask = id_map == segment['id']
            semantic_map[mask] = segment['category']
            if segment['is_thing']:
                masks.append(mask.astype(np.uint8))
                labels.append(segment['category'])
        results['gt_seg_map'] = semantic_map
        results['gt_masks'] = BitmapMasks(masks, *id_map.shape)
        results['gt_bboxes_labels'] = np.array(labels, np.int64)
        return results
