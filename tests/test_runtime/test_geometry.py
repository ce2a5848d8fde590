import numpy as np
import pytest

from mmremax.kmax.mask_resize import resize_matrix
from mmremax_runtime.geometry import crop_shape, padded_side, resize_blocks


@pytest.mark.parametrize('padded', [129, 128, 33])
@pytest.mark.parametrize('output', [1, 33, 129, 300])
@pytest.mark.parametrize('block', [1, 8, 500])
def test_blocks_are_the_matrix_of_torch(padded, output, block):
    size, crop = -(-padded // 4), padded - 30 if padded > 40 else padded
    align_corners = padded % 2 == 1
    expected = resize_matrix(size, padded, crop, output, align_corners)
    index, weight = resize_blocks(
        size, padded, crop, output, align_corners, block
    )
    assert index.min() >= 0
    assert index.max() < size
    full = np.zeros((len(index), block, size), np.float32)
    for part, columns, values in zip(full, index, weight, strict=True):
        part[:, columns] = values
    full = full.reshape(-1, size)
    np.testing.assert_allclose(full[:output], expected, atol=2e-7)
    assert not full[output:].any()


def test_blocks_read_few_inputs():
    index, _ = resize_blocks(161, 641, 641, 640, True, 8)
    assert index.shape == (80, 3)


@pytest.mark.parametrize(
    ('side', 'padded'), [(1, 129), (129, 129), (130, 161), (200, 225)]
)
def test_padding_keeps_the_parity(side, padded):
    assert padded_side(side, 129) == padded


def test_a_thin_image_keeps_a_pixel():
    assert crop_shape((1, 193), (193, 193), (1, 5000)) == (1, 193)
