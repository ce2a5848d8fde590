"""Scale jitter and random crop."""

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from torch.nn import functional as F


@TRANSFORMS.register_module()
class RandomScaleCrop(BaseTransform):
    """Scale an image relative to the crop size, then cut out a crop.

    The factor s is uniform in `scale_range`; the image is scaled, keeping
    its aspect ratio, to fit into s times the crop size. Along a side that
    is then longer than the crop, a random part is taken. Images: bilinear
    with smoothing when it shrinks, as Pillow does it. Segment ids: nearest.

    Paper: kMaX-DeepLab, published code.

    Required keys: `img`, `gt_seg_map`, `rng`; `crop_size` if the argument is
    None. Modified: `img`, `gt_seg_map`, `img_shape`. Added: `scale_factor`
    (width, height), `crop_size`.

    Args:
        crop_size: Largest height and width of the result, in pixels. The
            preprocessor pads what is smaller. None, for an image that
            ``PanopticCopyPaste`` adds, is that of the main image.
        scale_range: Smallest and largest s.
        num_scales: If given, s is one of so many values, equally spaced
            from the smallest to the largest (deeplab2: 15, and 8 for the
            image that is pasted).
    """

    def __init__(
        self,
        crop_size: tuple[int, int] | None = None,
        scale_range: tuple[float, float] = (0.2, 2.0),
        num_scales: int | None = None,
    ) -> None:
        low, high = scale_range
        if not 0 < low <= high:
            raise ValueError(
                f'scale_range={scale_range} must be (low, high) with '
                '0 < low <= high.'
            )
        if num_scales is not None and num_scales < 2:
            raise ValueError(f'num_scales={num_scales} must be at least 2.')
        self.crop_size = None if crop_size is None else tuple(crop_size)
        self.scale_range = (low, high)
        self.num_scales = num_scales

    def transform(self, results: dict) -> dict:
        """Scale and crop."""
        rng = results['rng']
        size = np.array(results['img'].shape[:2])
        crop_size = self.crop_size or results['crop_size']
        crop = np.array(crop_size)
        factor = (crop * self._scale(rng) / size).min()
        scaled = np.maximum(np.round(size * factor), 1).astype(int)
        shape = np.minimum(scaled, crop)
        start = rng.integers(scaled - shape, endpoint=True)
        top, left = start
        height, width = shape
        resized = resize_image(results['img'], scaled)
        results['img'] = resized[top : top + height, left : left + width]
        results['gt_seg_map'] = resize_ids_part(
            results['gt_seg_map'], scaled, start, shape
        )
        results['img_shape'] = tuple(shape.tolist())
        results['scale_factor'] = tuple((scaled / size)[::-1].tolist())
        results['crop_size'] = crop_size
        return results

    def _scale(self, rng: np.random.Generator) -> float:
        if self.num_scales is None:
            return rng.uniform(*self.scale_range)
        return rng.choice(np.linspace(*self.scale_range, self.num_scales))


def resize_image(image: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Resize an image as Pillow's bilinear filter does, several times faster.

    Args:
        image: uint8. (H, W, 3).
        shape: New height and width.

    Returns:
        uint8, pixels may differ by 1 from Pillow's. (*shape, 3).
    """
    batch = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
    resized = F.interpolate(
        batch[None], size=shape.tolist(), mode='bilinear', antialias=True
    )
    return resized[0].permute(1, 2, 0).numpy()


def resize_ids_part(
    id_map: np.ndarray,
    scaled: np.ndarray,
    start: np.ndarray,
    shape: np.ndarray,
) -> np.ndarray:
    """Resize an id map by the nearest pixel, computing only a part.

    Args:
        id_map: Integers. (H, W).
        scaled: Height and width of the whole result.
        start: First row and column of the part.
        shape: Height and width of the part.

    Returns:
        The part, equal to Pillow's nearest resize, cut. (*shape).
    """
    rows, cols = (
        _nearest_pixels(old, new)[first : first + count]
        for old, new, first, count in zip(
            id_map.shape, scaled, start, shape, strict=True
        )
    )
    return id_map[rows].take(cols, axis=1)


def _nearest_pixels(old: int, new: int) -> np.ndarray:
    """Give the source pixel of each target pixel along one side.

    Pillow adds up steps, which decides ties differently from a product.
    """
    steps = np.full(new, old / new)
    steps[0] /= 2
    return np.minimum(np.cumsum(steps).astype(np.int64), old - 1)
