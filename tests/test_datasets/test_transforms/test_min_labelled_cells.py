"""How many labelled cells a training sample needs."""

import numpy as np
import pytest

from mmremax.datasets import MinLabelledCells


def _results(labelled: int, **extra) -> dict:
    """Grid of 33 x 33 cells of a 129 x 129 crop, some labelled."""
    ids = np.zeros((129, 129), np.int32)
    cells = np.zeros(33 * 33, np.int32)
    cells[:labelled] = 7
    ids[::4, ::4] = cells.reshape(33, 33)
    ids[1::4] = 7  # between the cells: does not count
    return dict(gt_seg_map=ids, crop_size=(129, 129), retries_left=1) | extra


@pytest.mark.parametrize(
    ('minimum', 'labelled', 'kept'),
    [(None, 43, False), (None, 44, True), (5, 5, False), (5, 6, True)],
)
def test_more_than_the_minimum_is_needed(
    minimum: int | None, labelled: int, kept: bool
) -> None:
    """1/25 of 1089 cells is 43; as published, equal is not enough."""
    results = _results(labelled)
    assert (MinLabelledCells(minimum)(results) is results) == kept


def test_published_minimum_at_the_published_crop() -> None:
    """321 * 321 // 25 = 4121 > 4096."""
    ids = np.zeros((1281, 1281), np.int32)
    ids.reshape(-1)[: 1281 * 4 * 12 + 4 * 244] = 1  # 12 rows of 321, 244 cells
    results = dict(gt_seg_map=ids, crop_size=(1281, 1281), retries_left=1)
    assert np.count_nonzero(ids[::4, ::4]) == 12 * 321 + 244 == 4096
    assert MinLabelledCells()(results) is None
    ids[48, 4 * 244] = 1
    assert MinLabelledCells()(results) is results


def test_the_last_try_is_kept() -> None:
    for extra in (dict(retries_left=0), dict(gt_seg_map=None)):
        results = _results(0, retries_left=0) | extra
        results['retries_left'] = 0
        assert MinLabelledCells()(results) is results
