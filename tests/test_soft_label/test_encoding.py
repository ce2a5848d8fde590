"""Compact storage against stored codes and cells."""

import numpy as np
import pytest

from mmremax.soft_label.encoding import (
    decode_fractions,
    encode_fractions,
)
from mmremax.soft_label.kernels import (
    IGNORE,
    class_fractions,
)
from tests.golden import load_golden

GOLDEN = load_golden('soft_labels')
LABEL = np.array(GOLDEN['label_12x12'])
AREA_5 = class_fractions(LABEL, (5, 5), 'area', 5)
AREA_3 = class_fractions(LABEL, (3, 3), 'area', 5)


def test_uint8_codes_are_the_stored_ones():
    stored = GOLDEN['uint8_quantisation_12_to_5_area']
    encoded = encode_fractions(*AREA_5, 5, 'uint8')
    np.testing.assert_array_equal(encoded[..., 1], stored['class1_codes'])
    error = np.abs(encoded / 255 - AREA_5[1].transpose(1, 2, 0)).max()
    assert error <= 1 / 510 + 1e-7


def test_topk_keeps_the_stored_cells():
    stored = GOLDEN['compact_top2_factor_4']
    encoded = encode_fractions(*AREA_3, 5, 'topk', 2)
    ids, weights = encoded[..., :2], encoded[..., 2:] / 255
    for cell in stored['cells']:
        at = tuple(cell['cell'])
        np.testing.assert_array_equal(ids[at], cell['ids'])
        np.testing.assert_array_equal(
            np.rint(weights[at] * 16), cell['counts']
        )
    mass = stored['reconstruct_drop_mass']
    np.testing.assert_allclose(weights.sum(), mass, atol=9 * 2 / 510)


@pytest.mark.parametrize('encoding', ['uint8', 'float16', 'float32', 'topk'])
def test_decoding_gives_back_the_fractions(encoding):
    encoded = encode_fractions(*AREA_5, 6, encoding, 5)
    classes, fractions = decode_fractions(encoded, encoding)
    np.testing.assert_array_equal(classes, AREA_5[0])
    tolerance = dict(float32=0, float16=5e-4).get(encoding, 1 / 510 + 1e-6)
    np.testing.assert_allclose(fractions, AREA_5[1], atol=tolerance)


@pytest.mark.parametrize('encoding', ['uint8', 'topk'])
def test_an_image_of_ignored_pixels_has_no_mass(encoding):
    void = np.full((8, 8), IGNORE)
    encoded = encode_fractions(
        *class_fractions(void, (4, 4), 'area', 5), 5, encoding, 3
    )
    assert encoded.shape == (4, 4, 6 if encoding == 'topk' else 5)
    classes, fractions = decode_fractions(encoded, encoding)
    assert classes.size == 0
    assert fractions.shape == (0, 4, 4)


def test_fewer_classes_than_places_leaves_places_unused():
    fractions = np.full((1, 2, 2), 1, np.float32)
    encoded = encode_fractions(np.array([7]), fractions, 9, 'topk', 4)
    np.testing.assert_array_equal(
        encoded[0, 0], [7, 255, 255, 255, 255, 0, 0, 0]
    )
