"""Thresholds and ties of the merge, on the edge."""

from dataclasses import replace

import numpy as np
import pytest

from mmremax_runtime.errors import InputError
from mmremax_runtime.merge import (
    FusionConfig,
    MergedSegment,
    PairCanvas,
    large_segments,
    merge_queries,
    panoptic_ids,
)


def merge(areas, overlap=0, class_prob=0.9, labels=None, **cfg):
    """Merge queries of which the first two share `overlap` pixels."""
    side = len(areas) + 1
    counts = np.zeros((side, side), int)
    counts[:-1, -1] = areas
    counts[0, 1] = overlap
    counts[:2, -1] -= overlap
    class_prob = np.full(len(areas), class_prob)
    labels = np.zeros(len(areas), int) if labels is None else labels
    canvas = PairCanvas(counts.ravel())
    found = merge_queries(
        canvas, class_prob, labels, canvas.area * 0.5, 1, FusionConfig(**cfg)
    )
    return [(s.label, s.queries, s.area) for s in found]


def test_of_equal_scores_the_first_query_writes_first():
    assert merge([10, 10, 10], overlap=1) == [
        (0, [0], 10),
        (0, [1], 9),
        (0, [2], 10),
    ]


@pytest.mark.parametrize(('label', 'threshold'), [(0, 0.7), (1, 0.5)])
def test_a_class_is_surer_than_its_threshold(label, threshold):
    labels = np.full(2, label)
    assert merge([5, 5], class_prob=threshold, labels=labels) == []
    sure = merge([5, 5], class_prob=threshold + 0.01, labels=labels)
    assert [queries for _, queries, _ in sure] == ([[0], [1]], [[0, 1]])[label]


@pytest.mark.parametrize(('overlap', 'number'), [(4, 1), (3, 2)])
def test_more_than_the_threshold_of_a_mask_is_free(overlap, number):
    found = merge([16, 16], overlap, overlap_threshold=0.75)
    assert len(found) == number


def test_things_are_numbered_without_gaps():
    segments = [MergedSegment(label, [0], 1, 0.9) for label in (1, 0, 2, 0)]
    assert panoptic_ids(segments, 1) == [1, 1000, 2, 2000]


def test_a_segment_of_the_least_area_stays():
    segments = [
        MergedSegment(label, [0], area, 0.9)
        for label in (0, 1)
        for area in (3, 4, 5, 6)
    ]
    kept = large_segments(segments, 1, (4, 6))
    assert [(s.label, s.area) for s in kept] == [
        (0, 4),
        (0, 5),
        (0, 6),
        (1, 6),
    ]


@pytest.mark.parametrize(
    ('key', 'values'),
    [
        ('thing_threshold', ('high', 2, -0.1, float('nan'), None)),
        ('overlap_threshold', (1.5,)),
        ('min_stuff_area', (-1, '400')),
        ('panoptic_on', ('no', 1)),
        ('pixel_threshold', (0.3, 'x')),
    ],
)
def test_a_setting_out_of_range_is_named(key, values):
    for value in values:
        with pytest.raises(InputError, match=f'test_cfg.{key}'):
            FusionConfig(**{key: value})
        with pytest.raises(InputError, match=key):
            replace(FusionConfig(), **{key: value})
