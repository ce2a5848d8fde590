"""How much a panoptic quality depends on which images were scored."""

from collections.abc import Sequence

import numpy as np

from .panoptic_quality import PQCounts


def bootstrap_pq(
    counts: Sequence[PQCounts],
    num_things: int,
    num_images: int | None = None,
    num_draws: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Score images that are drawn again and again, with replacement.

    The standard deviation over the draws is the standard error of the score.
    Two models' counts of the same images, drawn with the same seed, give
    paired draws: their difference has the error of the comparison.

    Paper: Efron, Bootstrap Methods (Annals of Statistics 1979); images are
    the unit, for segments of one image are not independent.

    Args:
        counts: Of each image.
        num_things: Number of thing classes; they come first.
        num_images: Number of images of a draw; None is that of ``counts``.
            Another number estimates the error of a set of that size.
        num_draws: Number of draws, D.
        seed: Of the draws.

    Returns:
        PQ in [0, 1] over all classes, things and stuff; classes that a draw
        lacks do not count, NaN if it lacks all. (D, 3).

    Raises:
        ValueError: There are no counts.
    """
    if not counts:
        raise ValueError('There is no scored image to draw from.')
    table = np.array([(c.iou, c.tp, c.fp, c.fn) for c in counts], float)
    num_scored, _, num_classes = table.shape
    weights = np.random.default_rng(seed).multinomial(
        num_images or num_scored,
        np.full(num_scored, 1 / num_scored),
        num_draws,
    )
    sums = weights @ table.reshape(num_scored, -1)
    iou, tp, fp, fn = np.moveaxis(
        sums.reshape(num_draws, 4, num_classes), 1, 0
    )
    seen = tp + fp + fn > 0
    quality = np.zeros_like(iou)
    np.divide(iou, tp + 0.5 * fp + 0.5 * fn, out=quality, where=seen)
    parts = (np.s_[:], np.s_[:num_things], np.s_[num_things:])
    means = np.full((num_draws, 3), np.nan)
    for column, part in enumerate(parts):
        number = seen[:, part].sum(1)
        np.divide(
            quality[:, part].sum(1),
            number,
            out=means[:, column],
            where=number > 0,
        )
    return means
