import pytest
import torch

from mmremax.kmax.resize import (
    is_odd,
    resize_like_kmax,
)


def test_odd_grids_keep_the_corners():
    x = torch.arange(6.0).view(1, 1, 2, 3)
    out = resize_like_kmax(x, (3, 5), is_odd(x.shape[-1]))
    wanted = [[0, 0.5, 1, 1.5, 2], [1.5, 2, 2.5, 3, 3.5], [3, 3.5, 4, 4.5, 5]]
    torch.testing.assert_close(out[0, 0], torch.tensor(wanted))


def test_even_grids_repeat_half_a_cell_at_the_border():
    x = torch.tensor([[[[0.0, 1.0]]]])
    out = resize_like_kmax(x, (1, 4), is_odd(x.shape[-1]))
    torch.testing.assert_close(
        out[0, 0, 0], torch.tensor([0, 0.25, 0.75, 1.0])
    )


@pytest.mark.parametrize('align_corners', [True, False])
def test_same_size_is_untouched(align_corners):
    x = torch.randn(1, 2, 3, 4)
    assert resize_like_kmax(x, (3, 4), align_corners) is x
