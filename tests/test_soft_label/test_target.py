"""Storage against stored codes; batches that do not fit together."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmremax.soft_label.kernels import class_fractions
from mmremax.soft_label.target import SoftTarget, encode_dense, encode_topk
from mmremax.utils.constants import IGNORE
from tests.golden import load_golden
from tests.helpers.soft_labels import dense_fractions, dense_target

GOLDEN = load_golden('soft_labels')
LABEL = np.array(GOLDEN['label_12x12'])
AREA_5 = class_fractions(LABEL, (5, 5), 'area', 5)
AREA_3 = class_fractions(LABEL, (3, 3), 'area', 5)


def sample_of(encoded, topk=False, size=None):
    """Pack by hand; `size` is that of the padded hard map."""
    planes = torch.from_numpy(encoded).permute(2, 0, 1)
    if topk:
        ids, weights = planes.chunk(2)
        field = PixelData(ids=ids, weights=weights)
    else:
        field = PixelData(data=planes)
    sample = SegDataSample()
    sample.set_data(dict(gt_soft_seg=field))
    hard = torch.zeros(1, *(size or planes.shape[1:]), dtype=torch.long)
    sample.gt_sem_seg = PixelData(data=hard)
    return sample


def test_codes_are_the_stored_ones_and_topk_keeps_the_stored_cells():
    stored = GOLDEN['uint8_quantisation_12_to_5_area']
    encoded = encode_dense(*AREA_5, 5)
    np.testing.assert_array_equal(encoded[..., 1], stored['class1_codes'])
    stored = GOLDEN['compact_top2_factor_4']
    encoded = encode_topk(*AREA_3, 2)
    ids, weights = encoded[..., :2], encoded[..., 2:] / 255
    for cell in stored['cells']:
        at = tuple(cell['cell'])
        np.testing.assert_array_equal(ids[at], cell['ids'])
        counts = np.rint(weights[at] * 16)
        np.testing.assert_array_equal(counts, cell['counts'])
    mass = stored['reconstruct_drop_mass']
    np.testing.assert_allclose(weights.sum(), mass, atol=9 * 2 / 510)
    fractions = np.full((1, 2, 2), 1, np.float32)  # fewer than places
    encoded = encode_topk(np.array([7]), fractions, 4)
    assert encoded[0, 0].tolist() == [7, *[255] * 4, 0, 0, 0]


@pytest.mark.parametrize('topk', [False, True])
def test_decoding_gives_back_the_fractions_and_pads_without_mass(topk):
    encoded = encode_topk(*AREA_5, 5) if topk else encode_dense(*AREA_5, 6)
    sample = sample_of(encoded, topk, size=(7, 9))
    target = SoftTarget.of_samples([sample, sample], 6)
    q = dense_target(target, 6)
    assert q.shape == (2, 6, 7, 9)
    expected = dense_fractions(LABEL, (5, 5), num_classes=6)
    np.testing.assert_allclose(q[1, :, :5, :5], expected, atol=1 / 510 + 1e-6)
    mass = target.valid_mass()
    assert mass[:, 5:].max() == mass[:, :, 5:].max() == 0
    np.testing.assert_allclose(mass, q.sum(1), atol=1e-6)


@pytest.mark.parametrize('topk', [False, True])
def test_an_image_of_ignored_pixels_has_no_mass(topk):
    found = class_fractions(np.full((8, 8), IGNORE), (4, 4), 'area', 5)
    encoded = encode_topk(*found, 3) if topk else encode_dense(*found, 5)
    assert encoded.shape == (4, 4, 6 if topk else 5)
    target = SoftTarget.of_samples([sample_of(encoded, topk)], 5)
    assert target.valid_mass().max() == 0


def test_batches_that_do_not_fit_are_refused():
    dense, compact = encode_dense(*AREA_5, 5), encode_topk(*AREA_5, 3)
    hard = sample_of(dense)
    del hard.gt_soft_seg
    assert SoftTarget.of_samples([hard, hard], 5) is None
    with pytest.raises(ValueError, match='1 of 2 samples have no gt_soft'):
        SoftTarget.of_samples([sample_of(dense), hard], 5)
    with pytest.raises(ValueError, match='uint8 and topk in one batch'):
        SoftTarget.of_samples([sample_of(dense), sample_of(compact, True)], 5)
    with pytest.raises(ValueError, match='5 channels, the head 3 classes'):
        SoftTarget.of_samples([sample_of(dense)], 3)
