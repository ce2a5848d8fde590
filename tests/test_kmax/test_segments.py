"""Index maps: stacking, look-up and sums."""

import pytest
import torch

from mmremax.kmax import segments
from mmremax.kmax.segments import (
    BatchSegments,
    count_by_segment,
    lookup,
    sum_by_segment,
)
from tests.helpers.loss_fixture import as_data_samples


def test_stacking_fills_with_void():
    maps = torch.zeros(1, 2, 3).long()
    samples = as_data_samples(BatchSegments(maps, [torch.tensor([7])]))
    batch = BatchSegments.from_data_samples(samples, (3, 4))
    wanted = [[0, 0, 0, -1], [0, 0, 0, -1], [-1, -1, -1, -1]]
    assert batch.segment_map.tolist() == [wanted]
    assert batch.semantic_map()[0].max() == 7
    assert batch.max_segments == 1


def test_a_map_larger_than_the_grid():
    maps = torch.zeros(1, 5, 3).long()
    samples = as_data_samples(BatchSegments(maps, [torch.tensor([7])]))
    with pytest.raises(ValueError, match='label_stride'):
        BatchSegments.from_data_samples(samples, (3, 4))


def test_a_map_of_a_larger_stride_than_the_grid():
    """It would fit, padded with void, and halve every segment."""
    maps = torch.zeros(1, 13, 17).long()
    samples = as_data_samples(BatchSegments(maps, [torch.tensor([7])]))
    samples[0].img_shape = (52, 65)
    samples[0].batch_input_shape = (65, 65)
    BatchSegments.from_data_samples(samples, (17, 17))
    with pytest.raises(ValueError, match='label_stride'):
        BatchSegments.from_data_samples(samples, (33, 33))


def test_lookup():
    table = torch.tensor([[5, 6], [7, 8]])
    index = torch.tensor([[1, -1, 0], [0, 0, 1]])
    assert lookup(table, index, 9).tolist() == [[6, 9, 5], [7, 7, 8]]


@pytest.mark.parametrize('chunk', [1, 6, 1 << 15])
def test_sums_and_counts_equal_loops(monkeypatch, chunk):
    monkeypatch.setattr(segments, '_CHUNK_LOCATIONS', chunk)
    values = torch.randn(2, 3, 10).double()
    index = torch.randint(-1, 4, (2, 10))
    ours = sum_by_segment(values, index, 4)
    counts = count_by_segment(index, 4)
    for b in range(2):
        for n in range(5):
            locations = index[b] == (n if n < 4 else -1)
            torch.testing.assert_close(
                ours[b, :, n], values[b][:, locations].sum(1)
            )
            assert counts[b, n] == locations.sum()
