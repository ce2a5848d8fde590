"""Loading of an image and of its panoptic annotation."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmremax.utils.panoptic_png import VOID_ID, colours_to_ids, read_rgb


@TRANSFORMS.register_module()
class LoadPanopticImage(BaseTransform):
    """Load an image as RGB, uint8.

    Required keys: `img_path`. Added keys: `img` (H, W, 3), `img_shape`,
    `ori_shape`.

    Args:
        backend_args: Of mmengine's file backend.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Load the image."""
        image = read_rgb(
            results['img_path'],
            'the annotation file lists it; fetch it, or check '
            'data_prefix["img"] and data_root.',
            self.backend_args,
        )
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results


@TRANSFORMS.register_module()
class LoadPanopticMap(BaseTransform):
    """Load the panoptic annotation as one map of segment ids.

    Crowds count as unlabelled: their pixels get id 0. There is no mask per
    segment; the table of the annotation file goes with the map.

    Required keys: `seg_map_path`, `segments_info`, `img_shape`. Added key:
    `gt_seg_map`, segment ids, 0 is void, (H, W) int32. The name is mmdet's,
    so that its geometric transforms move the map with the image.

    Args:
        backend_args: Of mmengine's file backend.
    """

    def __init__(self, backend_args: dict | None = None) -> None:
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        """Load the map.

        Raises:
            FileNotFoundError: The PNG is missing.
            ValueError: The PNG is broken, has another size than the image,
                or has an id that the annotation file lacks.
        """
        path = results['seg_map_path']
        id_map = colours_to_ids(
            read_rgb(
                path,
                'the annotation file lists it; unpack the panoptic PNGs, or '
                'check data_prefix["seg"] and data_root.',
                self.backend_args,
            )
        )
        if id_map.shape != tuple(results['img_shape']):
            raise ValueError(
                f'{path} has the size {id_map.shape}, but '
                f'{results["img_path"]} has {tuple(results["img_shape"])}: '
                'they do not belong together.'
            )
        known = {segment['id'] for segment in results['segments_info']}
        unknown = set(np.unique(id_map).tolist()) - known - {VOID_ID}
        if unknown:
            raise ValueError(
                f'{path} has pixels of segment id {min(unknown)}, which '
                '"segments_info" of the annotation file lacks: PNGs and '
                'json are of different versions.'
            )
        crowds = [s['id'] for s in results['segments_info'] if s['iscrowd']]
        if crowds:
            id_map[np.isin(id_map, crowds)] = VOID_ID
        results['gt_seg_map'] = id_map
        return results
