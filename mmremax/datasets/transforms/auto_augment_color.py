"""Colour jitter by a policy that AutoAugment's search found."""

from collections.abc import Callable

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from PIL import Image, ImageEnhance, ImageOps

from .color_jitter import LEVELS, look_up

# Five pairs of (operation, probability, magnitude of 10).
POLICY = (
    (('sharpness', 0.4, 7), ('brightness', 0.2, 10)),
    (('equalize', 0.0, 9), ('contrast', 0.2, 10)),
    (('sharpness', 0.2, 9), ('color', 0.2, 9)),
    (('solarize', 0.2, 7), ('equalize', 0.6, 9)),
    (('sharpness', 0.2, 1), ('equalize', 0.2, 7)),
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


def sharpness(image: np.ndarray, strength: float) -> np.ndarray:
    """Blend with a smoothed image; the outermost pixels stay."""
    return _enhance(ImageEnhance.Sharpness, image, strength)


def color(image: np.ndarray, strength: float) -> np.ndarray:
    """Blend with the grey image."""
    return _enhance(ImageEnhance.Color, image, strength)


def brightness(image: np.ndarray, strength: float) -> np.ndarray:
    """Blend with black."""
    return look_up(image, LEVELS * _factor(strength))


def contrast(image: np.ndarray, strength: float) -> np.ndarray:
    """Blend with a grey of 1/256 of the number of pixels, 255 at most.

    The published code means the average grey level and counts pixels: from
    256 x 256 pixels on it blends with white.
    """
    grey = min(image.shape[0] * image.shape[1] // 256, 255)
    return look_up(image, grey + _factor(strength) * (LEVELS - grey))


def solarize(image: np.ndarray, strength: float) -> np.ndarray:
    """Invert the levels from a threshold on."""
    threshold = int(strength * 256)
    return look_up(image, np.where(LEVELS < threshold, LEVELS, 255 - LEVELS))


def equalize(image: np.ndarray, strength: float) -> np.ndarray:
    """Flatten the histogram of each channel; the strength has no effect."""
    return np.array(ImageOps.equalize(Image.fromarray(image)))


OPERATIONS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    function.__name__: function
    for function in (
        sharpness,
        color,
        brightness,
        contrast,
        solarize,
        equalize,
    )
}


def _factor(strength: float) -> float:
    """Weight of the image against what it is blended with; 1: no change."""
    return strength * 1.8 + 0.1


def _enhance(kind: type, image: np.ndarray, strength: float) -> np.ndarray:
    picture = kind(Image.fromarray(image))
    return np.array(picture.enhance(_factor(strength)))
