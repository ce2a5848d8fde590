"""The bootstrap against a loop over draws and against a known error."""

import numpy as np
import pytest

from mmremax.evaluation import PQCounts, average_scores, bootstrap_pq


def random_counts(num_images: int, seed: int = 0) -> list[PQCounts]:
    """Counts of five classes; the last occurs nowhere."""
    rng = np.random.default_rng(seed)
    counts = []
    for _ in range(num_images):
        tp, fp, fn = rng.integers(0, 3, (3, 5))
        tp[4] = fp[4] = fn[4] = 0
        counts.append(PQCounts(tp * rng.uniform(0.5, 1, 5), tp, fp, fn))
    return counts


def test_draws_equal_a_loop_over_images():
    counts = random_counts(12)
    scores = bootstrap_pq(counts, num_things=3, num_draws=5, seed=7)
    weights = np.random.default_rng(7).multinomial(12, [1 / 12] * 12, 5)
    for row, drawn in zip(scores, weights, strict=True):
        total = PQCounts.zeros(5)
        for count, times in zip(counts, drawn, strict=True):
            for _ in range(times):
                total += count
        by_class = total.scores()
        expected = [
            average_scores(part)[0]
            for part in (by_class, by_class[:3], by_class[3:])
        ]
        np.testing.assert_allclose(row, expected, rtol=1e-12)


def test_error_is_that_of_a_share():
    """One class, one segment an image, hit or missed: PQ is a share.

    With IoU 1 and hits in a half of the images, a hit adds 1 to all sums, a
    miss 1 to fn: PQ = tp / (tp + fn / 2), p = 1/2. By the delta method its
    standard error is f'(p) sqrt(p (1 - p) / n), f(p) = 2 p / (1 + p),
    f'(1/2) = 8 / 9: 4 / 9 / sqrt(n).
    """
    one = np.ones(1)
    zero = np.zeros(1, int)
    hit = PQCounts(one, one.astype(int), zero, zero)
    miss = PQCounts(0 * one, zero, zero, one.astype(int))
    counts = [hit, miss] * 200
    for size in (None, 1600):
        scores = bootstrap_pq(counts, 1, size, num_draws=4000)
        expected = 4 / 9 / np.sqrt(size or 400)
        assert scores[:, 0].std() == pytest.approx(expected, rel=0.05)
        assert scores[:, 0].mean() == pytest.approx(2 / 3, abs=0.005)
        assert (scores[:, 0] == scores[:, 1]).all()
        assert np.isnan(scores[:, 2]).all()  # there is no stuff class


def test_same_seed_pairs_the_draws():
    counts = random_counts(30)
    better = [PQCounts(c.iou * 1.1, c.tp, c.fp, c.fn) for c in counts]
    first, second = (bootstrap_pq(c, 3, seed=1) for c in (counts, better))
    np.testing.assert_allclose(second, 1.1 * first)
    assert (bootstrap_pq(counts, 3, seed=2) != first).any()


def test_nothing_scored_is_an_error():
    with pytest.raises(ValueError, match='no scored image'):
        bootstrap_pq([], 1)
