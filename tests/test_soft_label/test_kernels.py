"""The kernels against stored values and against two libraries."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmremax.soft_label.kernels import KERNELS, class_fractions, resize_plane
from mmremax.utils.constants import IGNORE
from tests.golden import load_golden
from tests.helpers.soft_labels import area_matrix, dense_fractions

GOLDEN = load_golden('soft_labels')
LABEL = np.array(GOLDEN['label_12x12'])


def matrix(kernel, old, new):
    """Resize the columns of an identity: one weight for each pixel."""
    return resize_plane(np.eye(old, dtype=np.float32), (new, old), kernel)


@pytest.mark.parametrize('sizes', [(12, 5), (23, 9), (16, 4), (6, 13), (7, 7)])
def test_weights_are_those_of_torch_and_of_the_overlaps(sizes):
    x = torch.rand(sizes[0])

    def by_torch(mode, **kwargs):
        shape = (1, sizes[1])
        return F.interpolate(x[None, None, None], shape, mode=mode, **kwargs)

    expected = dict(
        nearest=by_torch('nearest'),
        bilinear=by_torch('bilinear'),
        area=area_matrix(*sizes) @ x.numpy(),
        adaptive=by_torch('area'),
        bilinear_aa=by_torch('bilinear', antialias=True),
        bicubic_aa=by_torch('bicubic', antialias=True),
    )
    assert expected.keys() == set(KERNELS)
    for kernel, value in expected.items():
        found = matrix(kernel, *sizes) @ x.numpy()
        np.testing.assert_allclose(found, np.squeeze(value), atol=1e-5)


def test_weights_are_the_stored_ones_and_exact_on_a_border():
    """OpenCV's area takes the pixel before, where it enlarges by 18 / 14."""
    for kernel in KERNELS:
        stored = GOLDEN['kernel_matrices_12_to_5'][kernel]
        np.testing.assert_allclose(matrix(kernel, 12, 5), stored, atol=2e-6)
    np.testing.assert_allclose(
        matrix('area', 14, 18), area_matrix(14, 18), atol=1e-6
    )


@pytest.mark.parametrize('kernel', KERNELS)
@pytest.mark.parametrize('size', [(5, 4), (12, 12), (20, 31), (7, 24)])
def test_rows_and_columns_are_resized_apart(kernel, size):
    rows, columns = (matrix(kernel, 12, new) for new in size)
    planes = np.array([LABEL == c for c in [*range(5), 255]])
    expected = (rows @ planes @ columns.T).clip(0)
    expected /= expected.sum(0)  # where no weight is negative: 1
    q = dense_fractions(LABEL, size, kernel)
    np.testing.assert_allclose(q, expected[:5], atol=1e-5)
    constant = dense_fractions(np.full((12, 12), 3), size, kernel)
    np.testing.assert_allclose(constant[3], 1, atol=1e-5)
    assert constant[[0, 1, 2, 4]].max() == 0


@pytest.mark.parametrize('factor', [2, 3, 4])
def test_area_counts_pixels(factor):
    stored = GOLDEN['area_integer_factor'][f's{factor}']
    counts = dense_fractions(LABEL, tuple(stored['size'])) * factor**2
    np.testing.assert_allclose(counts, stored['counts'], atol=1e-5)
    ignored = factor**2 - counts.sum(0)
    np.testing.assert_allclose(ignored, stored['ignore_counts'], atol=1e-5)


def test_bilinear_and_area_agree_at_two_and_not_at_four():
    at_two = [dense_fractions(LABEL, (6, 6), k) for k in ('bilinear', 'area')]
    np.testing.assert_allclose(*at_two, atol=1e-6)
    stored = GOLDEN['factor_4_bilinear_vs_area']
    bilinear = dense_fractions(LABEL, (3, 3), 'bilinear')
    np.testing.assert_allclose(bilinear, stored['bilinear'], atol=1e-6)
    largest = np.abs(bilinear - dense_fractions(LABEL, (3, 3))).max()
    np.testing.assert_allclose(largest, stored['max_abs_difference'])


@pytest.mark.parametrize('kernel', KERNELS[1:])
def test_soft_label_is_the_stored_one(kernel):
    stored = GOLDEN['soft_label_12x12_to_5x5'][kernel]
    if kernel == 'bicubic_aa':  # the rest is of what comes before the clamp
        plane = resize_plane((LABEL == 1).astype(np.float32), (5, 5), kernel)
        np.testing.assert_allclose(plane, stored['class1'], atol=2e-6)
        stored = stored['after_clamp_and_renormalise']
    q = dense_fractions(LABEL, (5, 5), kernel)
    np.testing.assert_allclose(q[1], stored['class1'], atol=2e-6)
    np.testing.assert_allclose(q.sum(0), stored['valid_mass'], atol=2e-6)
    if 'class_mass' in stored:
        mass = q.sum((1, 2))
        np.testing.assert_allclose(mass, stored['class_mass'], atol=1e-5)


def test_only_classes_that_occur_are_returned_or_named():
    label = np.array([[3, IGNORE], [1, 1]])
    classes, fractions = class_fractions(label, (1, 1), 'area', 5)
    assert classes.tolist() == [1, 3]
    assert fractions[:, 0, 0].tolist() == [0.5, 0.25]
    with pytest.raises(ValueError, match='label 4, but num_classes is 4'):
        class_fractions(LABEL, (3, 3), 'area', 4)
