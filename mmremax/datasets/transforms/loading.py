"""Loading of an image and of its panoptic annotation."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmremax.datasets.panoptic_png import read_ids, read_rgb, replace_ids
from mmremax.utils.constants import VOID_ID
from mmremax_runtime.images import read_image


@TRANSFORMS.register_module()
class LoadPanopticImage(BaseTransform):
    """Load an image as RGB, uint8.

    Required keys: `img_path`; without it `img`, an array that mmdet's
    interfaces hand over, BGR as they document. Added keys: `img` (H, W, 3),
    `img_shape`, `ori_shape`.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Load the image."""
        if 'img_path' not in results:
            image = read_image(results['img'], 'bgr')
        else:
            remedy = 'give another path.'
            if 'seg_map_path' in results:
                remedy = (
                    'the annotation file lists it; fetch it, or check '
                    'data_prefix["img"] and data_root.'
                )
            path = str(results['img_path'])
            image = read_rgb(path, remedy, self.backend_args)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results


@TRANSFORMS.register_module()
class LoadPanopticMap(BaseTransform):
    """Load the panoptic annotation as one map of segment ids.

    Segments get the ids 1, 2, ... in the order of the table instead of
    colour codes, so that later steps can look things up by id. Crowds count
    as unlabelled: their pixels get id 0. There is no mask per segment; the
    table of the annotation file goes with the map.

    Required keys: `seg_map_path`, `segments_info`, `img_shape`. Modified:
    `segments_info` (ids). Added: `gt_seg_map`, segment ids, 0 is void,
    (H, W) int16. The name is mmdet's, so that its geometric transforms move
    the map with the image.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Load the map; every fault of it is an error that names it."""
        path = results['seg_map_path']
        remedy = (
            'the annotation file lists it; unpack the panoptic PNGs, or check '
            'data_prefix["seg"] and data_root.'
        )
        id_map = read_ids(path, remedy, self.backend_args)
        if id_map.shape != tuple(results['img_shape']):
            raise ValueError(
                f'{path} has the size {id_map.shape}, but '
                f'{results["img_path"]} has {tuple(results["img_shape"])}: '
                'they do not belong together.'
            )
        numbers = {VOID_ID: VOID_ID}
        table = list(enumerate(results['segments_info'], start=1))
        for number, segment in table:
            crowd = segment['iscrowd']
            numbers[segment['id']] = VOID_ID if crowd else number

        def numbers_of(ids: np.ndarray) -> np.ndarray:
            unknown = set(ids.tolist()) - set(numbers)
            if unknown:
                raise ValueError(
                    f'{path} has pixels of segment id {min(unknown)}, which '
                    '"segments_info" of the annotation file lacks: PNGs and '
                    'json are of different versions.'
                )
            return np.array([numbers[i] for i in ids.tolist()], np.int16)

        results['gt_seg_map'] = replace_ids(id_map, numbers_of)
        results['segments_info'] = [dict(s, id=i) for i, s in table]
        return results
