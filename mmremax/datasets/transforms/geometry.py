"""Sizes: scale jitter and crop in training, resize at test time."""

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from PIL import Image
from torch.nn import functional as F

from mmremax.utils.constants import VOID_ID
from mmremax_runtime.geometry import resized_shape


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
                f'scale_range={scale_range} must be 0 < low <= high.'
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
        factor = (np.array(crop_size) * self._scale(rng) / size).min()
        scaled = np.maximum(np.round(size * factor), 1).astype(int)
        shape = np.minimum(scaled, crop_size)
        start = top, left = rng.integers(scaled - shape, endpoint=True)
        resized = resize_image(results['img'], scaled)
        results['img'] = resized[top : top + shape[0], left : left + shape[1]]
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
    """Resize uint8 as Pillow's bilinear filter does, several times faster.

    Pixels may differ by 1 from Pillow's. (H, W, 3) -> (*shape, 3).
    """
    # Channels last, also what comes out: OpenCV need not copy it.
    batch = torch.from_numpy(np.ascontiguousarray(image))[None]
    resized = F.interpolate(
        batch.permute(0, 3, 1, 2),
        size=shape.tolist(),
        mode='bilinear',
        antialias=True,
    )
    return resized[0].permute(1, 2, 0).numpy()


def resize_ids_part(
    id_map: np.ndarray,
    scaled: np.ndarray,
    start: np.ndarray,
    shape: np.ndarray,
) -> np.ndarray:
    """Resize an id map as Pillow's nearest, computing only a part.

    All are height and width, or row and column: `scaled` of the whole result,
    `start` and `shape` of the part.
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


@TRANSFORMS.register_module()
class ResizeShortestSide(BaseTransform):
    """Resize the short side to a length, unless the long one gets too long.

    With `short_side` = `long_side` the long side gets that length. Sizes
    are rounded as int(v + 0.5); Pillow's bilinear filter.

    Paper: kMaX-DeepLab, published code.

    Required key: `img`. Modified: `img`, `img_shape`. Added: `scale_factor`
    (width, height).

    Args:
        short_side: In pixels.
        long_side: Greatest length of the long side.
        scale: Of both, in steps of 32 pixels, so that the preprocessor pads
            a larger view no more than the usual one.
    """

    def __init__(
        self, short_side: int, long_side: int, scale: float = 1.0
    ) -> None:
        self.short_side, self.long_side = (
            side + 32 * round(side * (scale - 1) / 32)
            for side in (short_side, long_side)
        )

    def transform(self, results: dict) -> dict:
        """Resize the image."""
        image = Image.fromarray(results['img'])
        width, height = image.size
        new = resized_shape(height, width, self.short_side, self.long_side)
        resized = image.resize(new[::-1], Image.Resampling.BILINEAR)
        results['img'] = np.array(resized)
        results['img_shape'] = new
        results['scale_factor'] = (new[1] / width, new[0] / height)
        return results
