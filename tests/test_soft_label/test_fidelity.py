"""Fidelity of reduced labels on maps small enough for the hand."""

import numpy as np
import pytest

from mmremax.soft_label.fidelity import (
    LabelFidelity,
    thin_pixels,
)


def stripe(column, width, size=32):
    label = np.zeros((size, size), np.uint8)
    label[:, column : column + width] = 1
    return label


def test_a_stripe_is_thin_below_the_width():
    assert thin_pixels(stripe(11, 8), 9).sum() == 8 * 32
    assert thin_pixels(stripe(11, 9), 9).sum() == 0


def test_borders_and_void_make_nothing_thin():
    label = stripe(0, 3)
    label[:, 3:] = 255
    assert thin_pixels(label).sum() == 0


def scores(label, kernel, factor):
    fidelity = LabelFidelity(2, kernel, factor)
    fidelity.add(label, thin_pixels(label))
    return fidelity.scores()


@pytest.mark.parametrize('kernel', ['nearest', 'area'])
def test_nothing_is_lost_without_a_reduction(kernel):
    expected = dict(mIoU=100, thin_recall=100, thin_seen=100)
    assert scores(stripe(13, 3), kernel, 1) == expected


def test_a_stripe_between_the_samples_is_lost_but_for_fractions():
    """One pixel wide at column 13 of 32, factor 4: cell 3 starts at 12."""
    label = stripe(13, 1)
    nearest, bilinear, area = (
        scores(label, kernel, 4) for kernel in ('nearest', 'bilinear', 'area')
    )
    assert nearest['thin_seen'] == nearest['thin_recall'] == 0
    # All 32 * 32 - 32 pixels of the ground are right, the stripe is not.
    assert nearest['mIoU'] == pytest.approx((100 * 31 / 32 + 0) / 2)
    assert area['thin_seen'] == 100
    assert area['thin_recall'] == 0  # a quarter is no majority
    assert bilinear['thin_seen'] == 100  # 13 is one of the two centre columns
    assert scores(stripe(12, 1), 'bilinear', 4)['thin_seen'] == 0
    assert scores(stripe(12, 1), 'area', 4)['thin_seen'] == 100
