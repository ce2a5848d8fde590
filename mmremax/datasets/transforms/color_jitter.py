"""Colour jitter."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SSDColorJitter(BaseTransform):
    """Change brightness, contrast, saturation and hue, each half the time.

    The kind that SSD brought in, on uint8 and without channel swaps (mmdet's
    ``PhotoMetricDistortion`` works on floats of any range). Contrast comes
    before saturation and hue, or, half the time, after them and these in
    reverse.

    Paper: kMaX-DeepLab, published code.

    Required keys: `img` (RGB, uint8), `rng`. Modified: `img`.

    Args:
        brightness: Greatest change, in grey levels.
        contrast: Range of the factor.
        saturation: Range of the factor of the HSV saturation.
        hue: Greatest change, in OpenCV's units of two degrees.
    """

    def __init__(
        self,
        brightness: int = 32,
        contrast: tuple[float, float] = (0.5, 1.5),
        saturation: tuple[float, float] = (0.5, 1.5),
        hue: int = 18,
    ) -> None:
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue

    def transform(self, results: dict) -> dict:
        """Jitter the image."""
        rng, image = results['rng'], results['img']
        if _coin(rng):
            shift = rng.uniform(-self.brightness, self.brightness)
            image = look_up(image, LEVELS + shift)
        if _coin(rng):
            steps = (self._contrast, self._saturation, self._hue)
        else:
            steps = (self._saturation, self._hue, self._contrast)
        for step in steps:
            if _coin(rng):
                image = step(image, rng)
        results['img'] = image
        return results

    def _contrast(
        self, image: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        return look_up(image, LEVELS * rng.uniform(*self.contrast))

    def _saturation(
        self, image: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        factor = rng.uniform(*self.saturation)
        hsv[..., 1] = look_up(hsv[..., 1], LEVELS * factor)
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)

    def _hue(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        shift = rng.integers(-self.hue, self.hue, endpoint=True)
        hsv[..., 0] = look_up(hsv[..., 0], (LEVELS + shift) % 180)
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


LEVELS = np.arange(256)


def _coin(rng: np.random.Generator) -> bool:
    return rng.random() < 0.5


def look_up(levels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Map grey levels through a table.

    Args:
        levels: uint8, any shape.
        table: Value for each level; clipped to [0, 255], then cut to whole
            numbers. (256,).

    Returns:
        Levels of the same shape. uint8.
    """
    return cv2.LUT(
        np.ascontiguousarray(levels), table.clip(0, 255).astype(np.uint8)
    )
