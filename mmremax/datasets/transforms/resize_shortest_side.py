"""Resize at test time."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from PIL import Image


@TRANSFORMS.register_module()
class ResizeShortestSide(BaseTransform):
    """Resize the short side to a length, unless the long one gets too long.

    With `short_side` = `long_side` the long side gets that length. Sizes
    are rounded as int(v + 0.5); Pillow's bilinear filter.

    Paper: kMaX-DeepLab, published code.

    Required key: `img`. Modified: `img`, `img_shape`. Added: `scale_factor`
    (width, height).

    Args:
        short_side: Wanted length of the short side, in pixels.
        long_side: Greatest length of the long side.
    """

    def __init__(self, short_side: int, long_side: int) -> None:
        self.short_side = short_side
        self.long_side = long_side

    def transform(self, results: dict) -> dict:
        """Resize the image."""
        image = results['img']
        height, width = image.shape[:2]
        new = resized_shape(height, width, self.short_side, self.long_side)
        results['img'] = np.array(
            Image.fromarray(image).resize(new[::-1], Image.Resampling.BILINEAR)
        )
        results['img_shape'] = new
        results['scale_factor'] = (new[1] / width, new[0] / height)
        return results


def resized_shape(
    height: int, width: int, short_side: int, long_side: int
) -> tuple[int, int]:
    """Compute height and width at test time, in pixels."""
    scale = short_side / min(height, width)
    if scale * max(height, width) > long_side:
        scale = long_side / max(height, width)
    return int(height * scale + 0.5), int(width * scale + 0.5)
