"""Color jitter: SSD's, and a policy that AutoAugment's search found."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from PIL import Image, ImageEnhance, ImageOps

LEVELS = np.arange(256)  # grey levels

# Five pairs of (operation, probability, magnitude of 10).
POLICY = (
    (('sharpness', 0.4, 7), ('brightness', 0.2, 10)),
    (('equalize', 0.0, 9), ('contrast', 0.2, 10)),
    (('sharpness', 0.2, 9), ('color', 0.2, 9)),
    (('solarize', 0.2, 7), ('equalize', 0.6, 9)),
    (('sharpness', 0.2, 1), ('equalize', 0.2, 7)),
)


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
        steps = ('contrast', 'saturation', 'hue')
        for step in steps if _coin(rng) else (*steps[1:], steps[0]):
            if not _coin(rng):
                continue
            if step == 'contrast':
                image = look_up(image, LEVELS * rng.uniform(*self.contrast))
                continue
            if step == 'hue':
                shift = rng.integers(-self.hue, self.hue, endpoint=True)
                channel, table = 0, (LEVELS + shift) % 180
            else:
                channel, table = 1, LEVELS * rng.uniform(*self.saturation)
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            changed = look_up(cv2.extractChannel(hsv, channel), table)
            cv2.insertChannel(changed, hsv, channel)
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
        results['img'] = image
        return results


def _coin(rng: np.random.Generator) -> bool:
    return rng.random() < 0.5


def look_up(levels: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Map grey levels through a table.

    Args:
        levels: uint8, any shape.
        table: Value for each level; clipped to [0, 255], then cut to whole
            numbers. (256,).
    """
    return cv2.LUT(
        np.ascontiguousarray(levels), table.clip(0, 255).astype(np.uint8)
    )


@TRANSFORMS.register_module()
class AutoAugmentColor(BaseTransform):
    """Apply one of five pairs of colour operations, drawn at random.

    The "simple classification policy" of deeplab2, in which kMaX-DeepLab
    was first published. Its operations, also where they depart from
    Pillow's; results are within 1 grey level of the TensorFlow code's.

    Required keys: `img` (RGB, uint8), `rng`. Modified: `img`.

    Args:
        magnitude_scale: Multiplies all magnitudes; deeplab2 has 0.2 on
            Cityscapes.
    """

    def __init__(self, magnitude_scale: float = 1.0) -> None:
        self.magnitude_scale = magnitude_scale

    def transform(self, results: dict) -> dict:
        """Jitter the image."""
        rng = results['rng']
        for name, probability, magnitude in POLICY[rng.integers(len(POLICY))]:
            if rng.random() < probability:
                strength = magnitude * self.magnitude_scale / 10
                results['img'] = OPERATIONS[name](results['img'], strength)
        return results


def _factor(strength: float) -> float:
    """Weight of the image against what it is blended with; 1: no change."""
    return strength * 1.8 + 0.1


def _picture(image: np.ndarray) -> Image.Image:
    """Make Pillow's image; it would copy a crop pixel by pixel."""
    return Image.fromarray(np.ascontiguousarray(image))


def _enhance(kind: type, image: np.ndarray, strength: float) -> np.ndarray:
    picture = kind(_picture(image))
    return np.array(picture.enhance(_factor(strength)))


def _brightness(image: np.ndarray, strength: float) -> np.ndarray:
    """Blend with black."""
    return look_up(image, LEVELS * _factor(strength))


def _contrast(image: np.ndarray, strength: float) -> np.ndarray:
    """Blend with a grey of 1/256 of the number of pixels, 255 at most.

    The published code means the average grey level and counts pixels: from
    256 x 256 pixels on it blends with white.
    """
    grey = min(image.shape[0] * image.shape[1] // 256, 255)
    return look_up(image, grey + _factor(strength) * (LEVELS - grey))


def _solarize(image: np.ndarray, strength: float) -> np.ndarray:
    """Invert the levels from a threshold on."""
    threshold = int(strength * 256)
    return look_up(image, np.where(LEVELS < threshold, LEVELS, 255 - LEVELS))


def _equalize(image: np.ndarray, strength: float) -> np.ndarray:
    """Flatten the histogram of each channel; the strength has no effect."""
    return np.array(ImageOps.equalize(_picture(image)))


# Of image and strength. Sharpness blends with a smoothed image, color with
# the grey one; the outermost pixels stay as sharp as they are.
OPERATIONS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = dict(
    sharpness=partial(_enhance, ImageEnhance.Sharpness),
    color=partial(_enhance, ImageEnhance.Color),
    brightness=_brightness,
    contrast=_contrast,
    solarize=_solarize,
    equalize=_equalize,
)
