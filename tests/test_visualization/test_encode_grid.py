"""The label grid of a training sample, at the size of its image."""

import numpy as np

from mmremax.visualization import encode_grid


def test_cells_become_blocks_with_ids_of_predictions() -> None:
    grid = np.array([[0, 1, -1], [2, 2, 0]], np.int16)
    ids = encode_grid(grid, np.array([5, 2, 2]), 3, 7, stride=2)
    cells = [[5, 2002, 7], [3002, 3002, 5]]
    assert ids.dtype == np.int32
    assert ids.tolist() == np.kron(cells, np.ones((2, 2), int)).tolist()


def test_a_sample_without_segments_is_void() -> None:
    grid = np.full((2, 3), -1, np.int16)
    ids = encode_grid(grid, np.zeros(0, np.int64), 3, 7)
    assert ids.shape == (8, 12)
    assert (ids == 7).all()
