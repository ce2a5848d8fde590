"""How many labelled locations a training sample needs."""

import numpy as np
import pytest

from mmremax.datasets import FilterUnlabeledCrops


def _results(labelled: int, crop: int = 129, **extra) -> dict:
    """A square crop with this number of labelled locations at stride 4."""
    side = (crop + 3) // 4
    ids = np.zeros((crop, crop), np.int32)
    locations = np.zeros(side * side, np.int32)
    locations[:labelled] = 7
    ids[::4, ::4] = locations.reshape(side, side)
    ids[1::4] = 7  # between the locations: does not count
    return dict(gt_seg_map=ids, crop_size=(crop, crop), retries_left=1) | extra


@pytest.mark.parametrize(
    ('crop', 'minimum', 'labelled', 'kept'),
    [
        (129, None, 43, False),  # 33 * 33 // 25 = 43; equal is not enough
        (129, None, 44, True),
        (129, 5, 5, False),
        (129, 5, 6, True),
        (1281, None, 4096, False),  # 321 * 321 // 25 = 4121 > 4096
        (1281, None, 4097, True),
    ],
)
def test_more_than_the_minimum_is_needed(crop, minimum, labelled, kept):
    results = _results(labelled, crop)
    assert (FilterUnlabeledCrops(minimum)(results) is results) == kept


@pytest.mark.parametrize('extra', [{}, dict(gt_seg_map=None)])
def test_the_last_try_is_kept(extra):
    results = _results(0) | dict(retries_left=0) | extra
    assert FilterUnlabeledCrops()(results) is results
