"""Fidelity of reduced labels on maps small enough for the hand."""

import numpy as np
import pytest

from tests.helpers.scripts import load_script

TOOL = load_script('tools/analysis/show_soft_labels.py')
thin_pixels = TOOL['thin_pixels']


def stripe(column, width, size=32):
    label = np.zeros((size, size), np.uint8)
    label[:, column : column + width] = 1
    return label


def test_stripes_are_thin_below_the_width_but_beside_void():
    assert thin_pixels(stripe(11, 8), 9).sum() == 8 * 32
    assert thin_pixels(stripe(11, 9), 9).sum() == 0
    label = stripe(0, 3)
    label[:, 3:] = 255
    assert thin_pixels(label).sum() == 0


def scores(label, kernel, factor):
    return TOOL['fidelity']([label], [thin_pixels(label)], kernel, factor)


def test_a_stripe_between_the_samples_is_lost_but_for_fractions():
    """One pixel wide at column 13 of 32, factor 4: pixel 3 starts at 12.

    Without a reduction nothing is lost.
    """
    for kernel in ('nearest', 'area'):
        assert scores(stripe(13, 3), kernel, 1) == (100, 100, 100)
    label = stripe(13, 1)
    miou, right, seen = scores(label, 'nearest', 4)
    assert seen == right == 0
    # All 32 * 32 - 32 pixels of the ground are right, the stripe is not.
    assert miou == pytest.approx((100 * 31 / 32 + 0) / 2)
    _, right, seen = scores(label, 'area', 4)
    assert (right, seen) == (0, 100)  # a quarter is no majority
    # 13 is one of the two columns in the middle, 12 is not.
    assert scores(label, 'bilinear', 4)[2] == 100
    assert scores(stripe(12, 1), 'bilinear', 4)[2] == 0
    assert scores(stripe(12, 1), 'area', 4)[2] == 100


def test_the_tool_prints_a_row_for_each_factor_and_draws(
    shapes_root, tmp_path, monkeypatch, capsys
):
    ann_file = shapes_root / 'annotations/panoptic_val.json'
    out = tmp_path / 'drawn.png'
    monkeypatch.setitem(TOOL['draw'].__globals__, 'SIDE', 32)
    argv = ['', str(ann_file), '--images', '1', '--out', str(out)]
    monkeypatch.setattr('sys.argv', argv)
    TOOL['main']()
    assert capsys.readouterr().out.count(' | area | ') == 3
    assert out.stat().st_size > 0
