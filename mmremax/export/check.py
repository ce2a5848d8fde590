"""Compares an exported model with the detector it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import nn

from mmremax.inference import Predictor
from mmremax_runtime import Segmentation
from mmremax_runtime.model import Model
from mmremax_runtime.sessions import NETWORK

LOGIT_TOLERANCE = 1e-3  # of the largest logit
PIXEL_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Check:
    """What a comparison found.

    Attributes:
        class_error: Largest difference of a class logit, over the largest.
        mask_error: The same of mask logits.
        wrong_pixels: Pixels of another segment, or of another class.
        pixels: All pixels.
        segments: Of the detector's results.
    """

    class_error: float
    mask_error: float
    wrong_pixels: int
    pixels: int
    segments: int

    @property
    def is_equal(self) -> bool:
        """Whether the model does what the detector does."""
        logit_error = max(self.class_error, self.mask_error)
        most = max(1, PIXEL_TOLERANCE * self.pixels)
        return logit_error <= LOGIT_TOLERANCE and self.wrong_pixels <= most

    def __str__(self) -> str:
        return (
            f'errors: classes {self.class_error:.1e}, masks '
            f'{self.mask_error:.1e} of the largest logit; '
            f'{self.wrong_pixels} of {self.pixels} pixels differ, in '
            f'{self.segments} segments'
        )


def compare(
    predictor: Predictor, model: Model, images: Sequence[np.ndarray]
) -> Check:
    """Let both segment images, RGB uint8 (H, W, 3) each."""
    errors, wrong, pixels, segments = [], 0, 0, 0
    for image in images:
        errors.append(_logit_errors(predictor, model, image))
        ours, theirs = predictor.segment([image])[0], model.segment([image])[0]
        wrong += different_pixels(ours, theirs)
        pixels += ours.ids.size
        segments += len(ours.segments)
    class_error, mask_error = np.max(errors, axis=0)
    return Check(
        float(class_error), float(mask_error), wrong, pixels, segments
    )


def different_pixels(ours: Segmentation, theirs: Segmentation) -> int:
    """Count the pixels of another segment, or of another class."""
    is_other = ours.ids != theirs.ids
    return int((is_other | (ours.semantic() != theirs.semantic())).sum())


def check_images(detector: nn.Module) -> list[np.ndarray]:
    """Make coloured blobs of three sizes, for want of pictures."""
    rng = np.random.default_rng(0)
    height, width = detector.data_preprocessor.crop_size
    sizes = [
        (height, width),
        (height * 2 // 3, width * 9 // 8),
        (height // 2, width // 3),
    ]
    return [
        np.asarray(
            Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8)).resize(
                size[::-1], Image.Resampling.BICUBIC
            )
        )
        for size in sizes
    ]


def _logit_errors(
    predictor: Predictor, model: Model, image: np.ndarray
) -> list[float]:
    """Compare the networks' outputs on one image; see `Check`."""
    feed = model.feed([image])
    with torch.no_grad():
        expected = predictor.model._forward(torch.from_numpy(feed['image']))
    found = model.session.run(feed, NETWORK)
    return [
        float(np.abs(f - e.numpy()).max() / e.abs().max())
        for f, e in zip(found, expected, strict=True)
    ]
