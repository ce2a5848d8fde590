import numpy as np

from mmremax_runtime import Classes, Segment, Segmentation
from mmremax_runtime.drawing import segment_colours
from mmremax_runtime.segmentation import boxes_of
from mmremax_runtime.tracks import Tracker, overlaps

CLASSES = Classes(('cat', 'dog', 'sky'), 2, ((9, 99, 9), (9, 9, 99), (0,) * 3))


def frame(*parts: tuple[int, int, int]) -> Segmentation:
    """A row of 20 pixels; of each segment its label, start and end."""
    ids = np.zeros((1, 20), np.int32)
    for number, (_, start, end) in enumerate(parts, start=1):
        ids[:, start:end] = number
    segments = [
        Segment(n, label, CLASSES.names[label], label < 2, 1.0, end - start, b)
        for n, ((label, start, end), b) in enumerate(
            zip(parts, boxes_of(ids, len(parts)), strict=True), start=1
        )
    ]
    return Segmentation(ids, segments, CLASSES)


def test_overlap_of_one_class_by_hand():
    before = frame((0, 0, 4), (1, 4, 8))
    after = frame((0, 2, 6), (1, 6, 8), (0, 8, 9))
    expected = [[2 / 6, 0, 0], [0, 2 / 4, 0]]
    assert np.allclose(overlaps(before, after), expected)


def test_a_segment_keeps_its_track_whatever_its_order():
    tracker = Tracker()
    cat, other, sky = tracker.follow(frame((0, 0, 5), (0, 8, 13), (2, 13, 20)))
    assert (cat.instance, other.instance, sky.instance) == (0, 1, 0)
    moved = tracker.follow(frame((2, 13, 20), (0, 9, 13), (0, 1, 6)))
    assert moved == [sky, other, cat]


def test_what_comes_new_takes_a_free_colour():
    tracker = Tracker()
    first = tracker.follow(frame((0, 0, 5), (0, 8, 13)))
    (left,) = tracker.follow(frame((0, 8, 13)))
    assert left == first[1]
    back, dog, left = tracker.follow(frame((0, 0, 5), (1, 5, 8), (0, 8, 13)))
    assert left == first[1]
    assert (back.number, back.instance) == (3, 0)
    assert (dog.number, dog.instance) == (4, 0)


def test_one_that_splits_goes_on_in_its_larger_part():
    tracker = Tracker()
    (whole,) = tracker.follow(frame((0, 0, 10)))
    small, large = tracker.follow(frame((0, 0, 4), (0, 4, 10)))
    assert large == whole
    assert small.number == 2


def test_nothing_and_another_size():
    tracker = Tracker()
    assert tracker.follow(frame()) == []
    (track,) = tracker.follow(frame((0, 0, 5)))
    wide = frame((0, 0, 5))
    wide = Segmentation(wide.ids.reshape(2, 10), wide.segments, CLASSES)
    assert tracker.follow(wide)[0].number == track.number + 1


def test_colours_follow_the_instance_not_the_order():
    palette = CLASSES.colours
    first, second = segment_colours([0, 0], palette)
    assert segment_colours([0, 0], palette, [1, 0]) == [second, first]
