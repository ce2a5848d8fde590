"""Counts and their bootstrap against hand arithmetic, panopticapi, a loop."""

import numpy as np
import pytest

from mmremax.evaluation import (
    PQCounts,
    average_scores,
    bootstrap_pq,
    panoptic_quality,
)


def _truth(segment_id: int, label: int, area: int, crowd: int = 0) -> dict:
    return dict(id=segment_id, category=label, iscrowd=crowd, area=area)


def _row(**cells: int) -> np.ndarray:
    """Map of one row, from ids and how often they repeat: _1=5, _2=3."""
    ids = [int(name.split('_')[1]) for name in cells]
    return np.repeat(ids, list(cells.values()))[None]


def test_hand_arithmetic():
    """Ten pixels, K = 2.

    Truth: id 1 (class 0) on 0-5, id 2 (class 1) on 6-8, void on 9.
    Prediction: id 1 (class 0) on 0-3, void on 4-5, id 2 (class 1) on 6-9.
    Class 0: IoU 4 / 6. Class 1: overlap 3, union 4 + 3 - 3 - 1 on void.
    """
    truth = [_truth(1, 0, 6), _truth(2, 1, 3)]
    counts = panoptic_quality(
        _row(_1=4, _0=2, _2=4), {1: 0, 2: 1}, _row(_1=6, _2=3, _0=1), truth, 2
    )
    assert counts.iou.tolist() == [4 / 6, 1.0]
    assert counts.tp.tolist() == [1, 1]
    assert counts.fp.tolist() == counts.fn.tolist() == [0, 0]
    assert counts.scores()[0].tolist() == [4 / 6, 4 / 6, 1.0]


def test_scores_by_hand():
    """PQ = 1.5 / (2 + 1 / 2 + 3 / 2), SQ = 1.5 / 2, RQ = 2 / 4; means."""
    iou, tp, fp, fn = np.array([[1.5, 0, 1], [2, 0, 1], [1, 1, 0], [3, 0, 0]])
    scores = PQCounts(iou, tp, fp, fn).scores()
    assert scores.tolist() == [[0.375, 0.75, 0.5], [0, 0, 0], [1, 1, 1]]
    assert average_scores(scores).tolist() == [1.375 / 3, 1.75 / 3, 0.5]


def test_half_is_not_enough_and_the_class_must_agree():
    """IoU 2 / 4 on id 1; id 2 fits but is of the other class."""
    truth = [_truth(1, 0, 4), _truth(2, 1, 4)]
    counts = panoptic_quality(
        _row(_1=2, _0=2, _2=4), {1: 0, 2: 0}, _row(_1=4, _2=4), truth, 2
    )
    assert counts.tp.tolist() == [0, 0]
    assert counts.fp.tolist() == [2, 0]
    assert counts.fn.tolist() == [1, 1]


def test_predictions_on_void_and_own_crowd_do_not_count():
    """Each prediction has 4 pixels; more than half must be excused."""
    truth = [_truth(1, 0, 3, crowd=1), _truth(2, 0, 3, crowd=1)]
    for gt_map, label, table, expected in (
        # id 2 is the last crowd of class 0: only it excuses class 0.
        (_row(_1=3, _9=1), 0, truth, [1, 0]),
        (_row(_2=3, _9=1), 0, truth, [0, 0]),
        (_row(_2=3, _9=1), 1, truth, [0, 1]),
        (_row(_0=2, _9=2), 0, [], [1, 0]),  # 9 is not in the table
        (_row(_0=3, _9=1), 0, [], [0, 0]),
    ):
        counts = panoptic_quality(_row(_5=4), {5: label}, gt_map, table, 2)
        assert counts.fp.tolist() == expected


@pytest.mark.parametrize('area', [None, 3, 5, 0, float('nan')])
def test_pixels_are_counted_and_absent_segments_are_missed(area):
    truth = [_truth(1, 0, area), _truth(3, 1, 20)]
    counts = panoptic_quality(_row(_1=4), {1: 0}, _row(_1=4), truth, 2)
    assert counts.iou.tolist() == [1, 0]
    assert counts.fn.tolist() == [0, 1]


def test_areas_of_the_json_count_where_that_is_asked():
    """Overlap 4; the json says 5 pixels, the prediction has 4: 4 / 5."""
    image = _row(_1=4), {1: 0}, _row(_1=4), [_truth(1, 0, 5)], 1
    assert panoptic_quality(*image, json_areas=True).iou.tolist() == [4 / 5]
    image[3][0]['area'] = 1  # IoU 4: a PQ of 400 %
    with pytest.raises(ValueError, match='area 1 in the json and 4 pixels'):
        panoptic_quality(*image, json_areas=True)


def test_empty_truth_and_empty_prediction():
    nothing = np.zeros((3, 3), np.int64)
    counts = panoptic_quality(nothing, {}, nothing, [], 2)
    assert np.isnan(counts.scores()).all()
    assert np.isnan(average_scores(counts.scores())).all()
    counts = panoptic_quality(nothing, {}, nothing + 4, [_truth(4, 1, 9)], 2)
    assert counts.fn.tolist() == [0, 1]
    assert average_scores(counts.scores()).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((_row(_1=4), {1: 0}, _row(_1=5), []), 'original size'),
        ((_row(_1=4), {}, _row(_1=4), []), 'segment 1 is in the map or'),
        ((_row(_1=4), {1: 0, 2: 0}, _row(_1=4), []), 'segment 2 is in'),
        ((_row(_1=4), {1: 2}, _row(_1=4), []), r'class 2, not in \[0, 2\)'),
        (
            (_row(_1=4), {1: 0}, _row(_1=4), [_truth(1, 7, 4)]),
            'True segment 1 has the class 7',
        ),
    ],
)
def test_contradictions_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        panoptic_quality(*arguments, 2)


def test_equal_to_panopticapi_on_odd_images(tmp_path):
    from tests.helpers.pq_oracle import panopticapi_counts, random_image

    num_classes = 4
    rng = np.random.default_rng(0)
    total = PQCounts.zeros(num_classes)
    for _ in range(150):
        image = random_image(rng, num_classes)
        counts = panoptic_quality(*image, num_classes, json_areas=True)
        expected = panopticapi_counts(tmp_path, *image, num_classes)
        for label in range(num_classes):
            for key in ('iou', 'tp', 'fp', 'fn'):
                ours = getattr(counts, key)[label]
                assert ours == getattr(expected[label], key), (label, key)
        total += counts
    assert min(*total.tp, *total.fp, *total.fn) > 20


def random_counts(num_images: int, seed: int = 0) -> list[PQCounts]:
    """Counts of five classes; the last occurs nowhere."""
    rng = np.random.default_rng(seed)
    counts = []
    for _ in range(num_images):
        tp, fp, fn = rng.integers(0, 3, (3, 5)) * [1, 1, 1, 1, 0]
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
        parts = (by_class, by_class[:3], by_class[3:])
        expected = [average_scores(part)[0] for part in parts]
        np.testing.assert_allclose(row, expected, rtol=1e-12)


def test_error_is_that_of_a_fraction():
    """One class, one segment an image, hit or missed: PQ is a fraction.

    With IoU 1 and hits in a half of the images, a hit adds 1 to all sums, a
    miss 1 to fn: PQ = tp / (tp + fn / 2), p = 1/2. By the delta method its
    standard error is f'(p) sqrt(p (1 - p) / n), f(p) = 2 p / (1 + p),
    f'(1/2) = 8 / 9: 4 / 9 / sqrt(n).
    """
    one, zero = np.ones(1, int), np.zeros(1, int)
    hit = PQCounts(one, one, zero, zero)
    miss = PQCounts(zero, zero, zero, one)
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
    with pytest.raises(ValueError, match='no scored image'):
        bootstrap_pq([], 1)
