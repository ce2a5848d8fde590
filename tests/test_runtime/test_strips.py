import numpy as np
import pytest

from mmremax_runtime import Classes, strips
from mmremax_runtime.drawing import draw_segments


@pytest.mark.parametrize('shape', [(1, 1), (7, 5), (3, 40)])
def test_strips_cover_all_rows_in_order(shape, monkeypatch):
    monkeypatch.setattr(strips, 'STRIP_PIXELS', 12)
    rows = np.arange(shape[0])
    cut = [rows[strip] for strip in strips.row_strips(shape)]
    assert np.concatenate(cut).tolist() == rows.tolist()
    assert all(len(part) == max(1, 12 // shape[1]) for part in cut[:-1])


def test_values_are_counted(monkeypatch):
    monkeypatch.setattr(strips, 'STRIP_PIXELS', 12)
    values = np.random.default_rng(0).integers(0, 5, (9, 7))
    expected = np.bincount(values.ravel(), minlength=8)
    assert strips.count_values(values, 8).tolist() == expected.tolist()


def test_a_picture_does_not_show_the_strips(monkeypatch):
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (90, 70, 3)).astype(np.uint8)
    ids = np.kron(generator.integers(0, 4, (9, 7)), np.ones((10, 10), int))
    colours = ((200, 30, 30), (30, 200, 30))
    classes = Classes(('cat', 'sky'), 1, colours)
    whole = draw_segments(image, ids, [0, 1, 0], classes)
    monkeypatch.setattr(strips, 'STRIP_PIXELS', 200)
    cut = draw_segments(image, ids, [0, 1, 0], classes)
    assert (np.asarray(whole) == np.asarray(cut)).all()
