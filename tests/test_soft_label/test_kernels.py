"""The matrices against stored values and against three libraries."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from mmremax.soft_label.kernels import (
    IGNORE,
    KERNELS,
    class_fractions,
    kernel_matrix,
    lattice_matrix,
)
from tests.golden import load_golden

GOLDEN = load_golden('soft_labels')
LABEL = np.array(GOLDEN['label_12x12'])


def dense(label, size, kernel, num_classes=5):
    """Fractions of all classes. (C, h, w)."""
    classes, fractions = class_fractions(label, size, kernel, num_classes)
    q = np.zeros((num_classes, *size))
    q[classes] = fractions
    return q


def random_labels(seed, size, num_classes=7):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, num_classes, size)
    label[rng.random(size) < 0.1] = IGNORE
    return label


@pytest.mark.parametrize('kernel', KERNELS)
def test_matrices_are_the_stored_ones(kernel):
    stored = GOLDEN['kernel_matrices_12_to_5'][kernel]
    np.testing.assert_allclose(kernel_matrix(kernel, 12, 5), stored, atol=2e-6)


@pytest.mark.parametrize('kernel', KERNELS)
@pytest.mark.parametrize('sizes', [(12, 5), (16, 4), (7, 7), (5, 12), (9, 1)])
def test_rows_sum_to_one(kernel, sizes):
    sums = kernel_matrix(kernel, *sizes).sum(1)
    np.testing.assert_allclose(sums, 1, atol=1e-12)


@pytest.mark.parametrize('kernel', KERNELS)
@pytest.mark.parametrize('size', [(5, 4), (12, 12), (20, 31)])
def test_a_constant_map_stays_constant(kernel, size):
    q = dense(np.full((12, 12), 3), size, kernel)
    np.testing.assert_allclose(q[3], 1, atol=1e-5)
    assert q[[0, 1, 2, 4]].max() == 0


@pytest.mark.parametrize('sizes', [(12, 5), (23, 9), (16, 4), (6, 13)])
def test_matrices_are_those_of_the_libraries(sizes):
    """On one row of random numbers; OpenCV's area only when it shrinks."""
    old, new = sizes
    x = np.random.default_rng(0).random(old, np.float32)
    as_torch = torch.from_numpy(x)[None, None, None]
    size = (1, new)

    def torch_resize(mode, **kwargs):
        return F.interpolate(as_torch, size, mode=mode, **kwargs)[0, 0, 0]

    expected = dict(
        nearest=torch_resize('nearest'),
        bilinear=torch_resize('bilinear'),
        adaptive=torch_resize('area'),
        bilinear_aa=torch_resize('bilinear', antialias=True),
        bicubic_aa=torch_resize('bicubic', antialias=True),
    )
    if old > new:
        expected['area'] = cv2.resize(
            x[None], (new, 1), interpolation=cv2.INTER_AREA
        )[0]
    for kernel, value in expected.items():
        np.testing.assert_allclose(
            kernel_matrix(kernel, old, new) @ x, value, atol=1e-5
        )
    pillow = Image.fromarray(x[None]).resize((new, 1), Image.BILINEAR)
    np.testing.assert_allclose(
        kernel_matrix('bilinear_aa', old, new) @ x,
        np.asarray(pillow)[0],
        atol=1e-5,
    )


@pytest.mark.parametrize('factor', [2, 3, 4])
def test_area_counts_pixels(factor):
    stored = GOLDEN['area_integer_factor'][f's{factor}']
    counts = dense(LABEL, tuple(stored['size']), 'area') * factor**2
    np.testing.assert_allclose(counts, stored['counts'], atol=1e-5)
    ignored = factor**2 - counts.sum(0)
    np.testing.assert_allclose(ignored, stored['ignore_counts'], atol=1e-5)


def test_bilinear_and_area_agree_at_two_and_not_at_four():
    at_two = [dense(LABEL, (6, 6), k) for k in ('bilinear', 'area')]
    np.testing.assert_allclose(*at_two, atol=1e-6)
    stored = GOLDEN['factor_4_bilinear_vs_area']
    bilinear, area = (dense(LABEL, (3, 3), k) for k in ('bilinear', 'area'))
    np.testing.assert_allclose(bilinear, stored['bilinear'], atol=1e-6)
    largest = np.abs(bilinear - area).max()
    np.testing.assert_allclose(largest, stored['max_abs_difference'])


@pytest.mark.parametrize('kernel', KERNELS[1:])
def test_soft_label_is_the_stored_one(kernel):
    stored = GOLDEN['soft_label_12x12_to_5x5'][kernel]
    stored = stored.get('after_clamp_and_renormalise', stored)
    q = dense(LABEL, (5, 5), kernel)
    np.testing.assert_allclose(q[1], stored['class1'], atol=2e-6)
    np.testing.assert_allclose(q.sum(0), stored['valid_mass'], atol=2e-6)
    assert q.min() >= 0
    if 'class_mass' in stored:
        np.testing.assert_allclose(
            q.sum((1, 2)), stored['class_mass'], atol=1e-5
        )


@pytest.mark.parametrize('kernel', ['area', 'bilinear', 'bilinear_aa'])
@pytest.mark.parametrize('size', [(8, 11), (24, 33), (30, 40)])
def test_fast_paths_equal_the_matrices(kernel, size):
    label = random_labels(1, (24, 33))
    rows, columns = (
        kernel_matrix(kernel, old, new)
        for old, new in zip(label.shape, size, strict=True)
    )
    expected = [rows @ (label == c) @ columns.T for c in range(7)]
    np.testing.assert_allclose(
        dense(label, size, kernel, 7), expected, atol=1e-5
    )


def test_lattice_is_the_stored_one():
    stored = GOLDEN['lattice_13_to_4_stride_4']['box_matrix']
    np.testing.assert_allclose(lattice_matrix(13, 4), stored, atol=2e-6)


def test_a_label_that_is_no_class_is_named():
    with pytest.raises(ValueError, match='label 4, but num_classes is 4'):
        class_fractions(LABEL, (3, 3), 'area', 4)


def test_an_unknown_kernel_is_named():
    with pytest.raises(ValueError, match="'box' is none of nearest"):
        kernel_matrix('box', 4, 2)
