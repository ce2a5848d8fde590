"""Packing of samples: label grid for training, paths for scoring."""

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData, PixelData

from mmremax.datasets.panoptic_png import ids_of, map_ids, replace_ids
from mmremax.kmax.class_fractions import is_soft
from mmremax.utils.constants import IGNORE, VOID, VOID_ID
from mmremax_runtime.images import read_image

_META_KEYS = (
    *('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip'),
    *('sample_idx', 'num_discarded', 'num_off_grid'),
)


@TRANSFORMS.register_module()
class PackPanopticInputs(BaseTransform):
    """Turn the results into tensors for the model.

    `inputs` is the RGB image, (3, H, W) uint8; one of mmdet's loader of
    arrays, which leaves `img_path` None, was BGR. `data_samples` is a
    ``DetDataSample`` with what there is of `img_id`, `img_path`,
    `ori_shape`, `img_shape`, `scale_factor`, `flip`, `sample_idx` and
    `num_discarded` as metainfo, and

    - with `gt_seg_map` in the results (training): `gt_segments.labels`,
      classes in the order of the annotation file, (G,) int64, and
      `gt_segment_map.data`, the index into them for each location, -1 where
      void, (1, ceil(H / stride), ceil(W / stride)) int16. Segments without
      a location are left out, and counted in `num_off_grid` of the metainfo;
      stuff segments of one class are merged. With
      `real_pixels` in the results: `real_pixels.data`, (1, H, W) bool, False
      where the image shows nothing and the preprocessor has to put zeros;
    - without it (test): `seg_map_path`, `segments_info`, `file_name` and
      `png_name` in the metainfo, from which the metric reads the ground truth.

    Args:
        label_stride: A label is every so many-th pixel of both sides, from
            the first. Labels are never interpolated.
        semantic_target: With ``soft``, training samples also carry
            `gt_sem_seg.sem_seg`, the class of every pixel, 255 where void,
            (1, H, W) uint8, of which the model makes fractions; ``strided``
            packs none.
    """

    def __init__(
        self, label_stride: int = 4, semantic_target: str = 'strided'
    ) -> None:
        self.label_stride = label_stride
        self.is_soft = is_soft(semantic_target, 'PackPanopticInputs')

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        image = results['img']
        if results.get('img_path', '') is None:
            image = read_image(image, 'bgr')
        image = np.ascontiguousarray(image)
        inputs = np.empty((3, *image.shape[:2]), image.dtype)
        cv2.split(image, list(inputs))
        sample = DetDataSample()
        keys = _META_KEYS
        if results.get('gt_seg_map') is None:
            keys += ('seg_map_path', 'segments_info')
            keys += ('file_name', 'png_name')
        else:
            step = self.label_stride
            id_map, table = results['gt_seg_map'], results['segments_info']
            grid = id_map[::step, ::step]
            labels, segment_map = segment_grid(grid, table)
            off_grid = np.setdiff1d(ids_of(id_map), ids_of(grid))
            off_grid = {*off_grid.tolist()} & {*countable(table)}
            results['num_off_grid'] = len(off_grid)
            sample.gt_segments = InstanceData(labels=torch.from_numpy(labels))
            segment_map = torch.from_numpy(segment_map)[None]
            sample.gt_segment_map = PixelData(data=segment_map)
            if self.is_soft:
                classes = torch.from_numpy(class_map(id_map, table))[None]
                sample.gt_sem_seg = PixelData(sem_seg=classes)
        if 'real_pixels' in results:
            real_pixels = torch.from_numpy(results['real_pixels'])[None]
            sample.real_pixels = PixelData(data=real_pixels)
        sample.set_metainfo({k: results[k] for k in keys if k in results})
        return dict(inputs=torch.from_numpy(inputs), data_samples=sample)


def segment_grid(
    id_grid: np.ndarray, segments_info: list[dict]
) -> tuple[np.ndarray, np.ndarray]:
    """Number the segments that a grid of ids shows.

    Returns the classes of the segments, (G,) int64, and the index of each
    location's segment, -1 for void, (H, W) int16.
    """
    labels: list[int] = []

    def indices_of(ids: np.ndarray) -> np.ndarray:
        place = {int(segment_id): i for i, segment_id in enumerate(ids)}
        indices = np.full(len(ids), VOID, np.int16)
        merged: dict[int, int] = {}  # stuff class: index
        for segment in segments_info:
            i = place.get(segment['id'])
            if i is None or segment['iscrowd'] or segment['id'] == VOID_ID:
                continue
            label = segment['category']
            indices[i] = merged.get(label, len(labels))
            if indices[i] == len(labels):
                if not segment['is_thing']:
                    merged[label] = len(labels)
                labels.append(label)
        return indices

    segment_map = replace_ids(id_grid, indices_of)
    return np.array(labels, np.int64), segment_map


def countable(segments_info: list[dict]) -> dict[int, int]:
    """Map ids of segments to their classes; crowds and void are none."""
    return {
        segment['id']: segment['category']
        for segment in segments_info
        if not segment['iscrowd'] and segment['id'] != VOID_ID
    }


def class_map(id_map: np.ndarray, segments_info: list[dict]) -> np.ndarray:
    """Replace ids by classes, 255 for crowds and the rest. (H, W), uint8."""
    table = countable(segments_info)
    if max(table.values(), default=0) >= IGNORE:
        raise ValueError(
            f"semantic_target='soft' holds classes below {IGNORE}, not "
            f'{max(table.values())}.'
        )
    return map_ids(id_map, table, IGNORE, np.uint8)


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
        visible = {*ids_of(id_map).tolist()}
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
