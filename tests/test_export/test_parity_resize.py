"""The resize in the graph is the pixel decoder's, for either parity."""

import pytest
import torch

from mmremax.export.parity_resize import parity_resize, resize_by_parity
from mmremax.kmax.layers import aligns_corners, resize_like_kmax
from mmremax.kmax.pixel_decoder import ResizedFuse


@pytest.mark.parametrize('width', [7, 8])
@pytest.mark.parametrize('height', [4, 5])
def test_equals_interpolate(height, width):
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    size = (2 * height - 1, 2 * width - 1)
    expected = resize_like_kmax(x, size, aligns_corners(width))
    other = resize_like_kmax(x, size, not aligns_corners(width))
    found = resize_by_parity(x, size)
    torch.testing.assert_close(found, expected)
    assert (found - other).abs().max() > 0.1


def test_a_fuse_decides_by_itself_again_afterwards():
    fuse = ResizedFuse(4, 8, 4).eval()
    low, high = torch.randn(1, 4, 3, 4), torch.randn(1, 8, 5, 7)
    expected = fuse(low, high)
    with parity_resize(fuse):
        assert 'forward' in vars(fuse)
        torch.testing.assert_close(fuse(low, high), expected)
    assert 'forward' not in vars(fuse)
