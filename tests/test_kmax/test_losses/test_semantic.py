"""SemanticLoss and the sampler: loops, keys, frequencies."""

import pytest
import torch
from torch.nn import functional as F

from mmremax.kmax.losses import (
    MaskIdLoss,
    PQClassificationLoss,
    PQDiceLoss,
    SemanticLoss,
)
from mmremax.kmax.losses.pixel_sampler import (
    gather_locations,
    sample_locations,
)
from tests.helpers.loss_fixture import mask_targets, slow_cross_entropy


def targets_of(semantic_map, size):
    return mask_targets(semantic_map, size, queries=4)


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_equals_a_slow_oracle(activation):
    logits = torch.randn(2, 4, 3, 5).double()
    semantic_map = torch.randint(-1, 4, (2, 15))
    loss = SemanticLoss(0, activation=activation, loss_weight=0.5)
    value = loss(logits, targets_of(semantic_map, (3, 5)))
    wanted = slow_cross_entropy(logits.flatten(2), semantic_map, activation)
    assert value.item() == pytest.approx(0.5 * wanted)


def test_on_mask_grid_resizes_first():
    logits = torch.randn(2, 4, 3, 4).double()
    semantic_map = torch.randint(-1, 4, (2, 35))
    targets = targets_of(semantic_map, (5, 7))
    fine = F.interpolate(logits, (5, 7), mode='bilinear', align_corners=True)
    loss = SemanticLoss(0)
    torch.testing.assert_close(
        loss.on_mask_grid(logits, targets), loss(fine, targets)
    )


def test_grids_that_do_not_fit_are_an_error():
    targets = targets_of(torch.zeros(1, 81).long(), (9, 9))
    with pytest.raises(ValueError, match=r'\(4, 7\)'):
        SemanticLoss()(torch.zeros(1, 4, 4, 7), targets)


def test_void_is_drawn_last():
    valid = torch.arange(20)[None] < 8
    locations = sample_locations(torch.ones(1, 20), valid, 8, 1.5)
    assert sorted(locations[0].tolist()) == list(range(8))
    more = sample_locations(torch.ones(1, 20), valid, 10, 1.5)
    assert set(range(8)) < set(more[0].tolist())


def test_at_temperature_1_segments_are_drawn_alike():
    """First draws of a segment of 1 location and one of 9: half and half."""
    inverse = torch.tensor([10.0] + [10 / 9] * 9).expand(4000, -1)
    valid = torch.ones_like(inverse, dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    first = sample_locations(inverse, valid, 1, 1.0, generator)
    share = (first == 0).double().mean().item()
    assert share == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    'size', [(5, 7), (9, 5), (6, 8), (8, 4), (5, 8), (6, 7)]
)
def test_gather_equals_resizing_and_reading(size):
    feature = torch.randn(2, 3, 3, 4).double()
    locations = torch.randint(0, size[0] * size[1], (2, 11))
    fine = F.interpolate(
        feature, size, mode='bilinear', align_corners=size[0] % 2 == 1
    )
    index = locations[:, None].expand(-1, 3, -1)
    torch.testing.assert_close(
        gather_locations(feature, locations, size),
        fine.flatten(2).gather(2, index),
    )


@pytest.mark.parametrize(
    'loss', [SemanticLoss, MaskIdLoss, PQDiceLoss, PQClassificationLoss]
)
def test_unknown_activation(loss):
    with pytest.raises(ValueError, match=f"{loss.__name__}.*'relu'"):
        loss(activation='relu')
