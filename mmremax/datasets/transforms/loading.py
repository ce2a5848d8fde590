"""Loading of an image and of its panoptic annotation."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmremax.datasets.panoptic_png import read_rgb, read_segments
from mmremax.utils.constants import VOID_ID
from mmremax_runtime.images import MAX_PIXELS, ImageError, read_image


@TRANSFORMS.register_module()
class LoadPanopticImage(BaseTransform):
    """Load an image as RGB, uint8.

    Required keys: `img_path`; without it `img`, an array that mmdet's
    interfaces hand over, BGR as they document. Added keys: `img` (H, W, 3),
    `img_shape`, `ori_shape`.

    Args:
        max_pixels: A larger one is refused before it is decoded.
    """

    def __init__(
        self, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS
    ) -> None:
        self.backend_args = backend_args
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict:
        """Load the image."""
        results['img'] = load_image(
            results, self.backend_args, self.max_pixels
        )
        return results


def load_image(
    results: dict, backend_args: dict | None, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Read the image of a sample, RGB; set `img_shape` and `ori_shape`."""
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
        image = read_rgb(path, remedy, backend_args, max_pixels)
        listed = results.get('height'), results.get('width')
        if None not in listed and image.shape[:2] != listed:
            raise ImageError(
                f'{path} has the size {image.shape[:2]}, the annotation '
                f'file says {listed}: they are of different versions, or the '
                'EXIF of the image turns it.'
            )
    results['img_shape'] = results['ori_shape'] = image.shape[:2]
    return image


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
        shape, table = results['img_shape'], results['segments_info']
        places, table = read_segments(
            path, remedy, shape, table, self.backend_args
        )
        is_crowd = [s['iscrowd'] for s in table]
        numbers = np.arange(1 + len(table), dtype=np.int16)
        numbers[1:][np.array(is_crowd, bool)] = VOID_ID
        results['gt_seg_map'] = numbers[places]
        results['segments_info'] = table
        return results
