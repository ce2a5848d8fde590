"""InstanceDiscriminationLoss against the K x K form; its gradient."""

import pytest
import torch
from torch.nn import functional as F

from mmremax.kmax.losses import instance_discrimination
from mmremax.kmax.losses.instance_discrimination import (
    InstanceDiscriminationLoss,
)
from tests.helpers.loss_fixture import mask_targets


def targets_of(query_map, size):
    return mask_targets(query_map, size, queries=5)


def slow_loss(feature, query_map, temperature):
    """The published form, with a target for every pair of locations."""
    values = []
    for f, query in zip(feature.flatten(2), query_map, strict=True):
        logits = f.T @ f / temperature
        same = (query[:, None] == query) & (query >= 0)
        target = same.double() / same.sum(0).clamp(min=1)
        terms = -(target * logits.log_softmax(0)).sum(0)
        values.append(terms.sum() / (terms != 0).sum().clamp(min=1))
    return torch.stack(values).mean()


@pytest.fixture(params=[1, 7, 1024], ids=lambda n: f'block{n}')
def block(request, monkeypatch):
    monkeypatch.setattr(instance_discrimination, '_CPU_BLOCK', request.param)


def random_case(seed=0):
    generator = torch.Generator().manual_seed(seed)
    feature = torch.randn(2, 6, 4, 6, generator=generator).double()
    query_map = torch.randint(-1, 5, (2, 24), generator=generator)
    return F.normalize(feature, dim=1), query_map


@pytest.mark.usefixtures('block')
def test_equals_the_pairwise_form_and_its_gradient():
    feature, query_map = random_case()
    loss = InstanceDiscriminationLoss(num_samples=0, temperature=0.3)
    ours, wanted = feature.clone(), feature.clone()
    for leaf in (ours, wanted):
        leaf.requires_grad_()
    value = loss(ours, targets_of(query_map, (4, 6)))
    oracle = slow_loss(wanted, query_map, 0.3)
    torch.testing.assert_close(value, oracle, rtol=1e-12, atol=0)
    value.backward()
    oracle.backward()
    torch.testing.assert_close(ours.grad, wanted.grad, rtol=1e-9, atol=1e-12)


def test_by_hand():
    """Two locations of one segment, unit features at right angles, tau = 1.

    z = identity; logsumexp = ln(e + 1) for both; the segment's mean has a
    product 1/2 with each. x_j = ln(e + 1) - 1/2 = 0.8133.
    """
    feature = torch.eye(2).view(1, 2, 1, 2)
    loss = InstanceDiscriminationLoss(num_samples=0, temperature=1.0)
    value = loss(feature, targets_of(torch.zeros(1, 2).long(), (1, 2)))
    assert value.item() == pytest.approx(0.813262, abs=1e-6)


def test_all_void_is_zero_with_zero_gradient():
    feature, _ = random_case()
    feature.requires_grad_()
    loss = InstanceDiscriminationLoss(num_samples=0)
    value = loss(feature, targets_of(torch.full((2, 24), -1), (4, 6)))
    value.backward()
    assert value.item() == 0
    assert (feature.grad == 0).all()


def test_coarse_features_are_read_as_if_resized():
    coarse = F.normalize(torch.randn(2, 6, 3, 4).double(), dim=1)
    for size in ((5, 7), (6, 8)):
        fine = F.interpolate(
            coarse, size, mode='bilinear', align_corners=size[0] % 2 == 1
        )
        query_map = torch.randint(-1, 5, (2, size[0] * size[1]))
        targets = targets_of(query_map, size)
        loss = InstanceDiscriminationLoss(num_samples=9)
        state = torch.get_rng_state()
        wanted = loss(fine, targets)
        torch.set_rng_state(state)
        torch.testing.assert_close(loss(coarse, targets), wanted)


def test_a_generator_makes_the_sample_repeatable():
    feature, query_map = random_case()
    targets = targets_of(query_map, (4, 6))
    loss = InstanceDiscriminationLoss(num_samples=6)
    values = [
        loss(feature, targets, torch.Generator().manual_seed(seed)).item()
        for seed in (1, 1, 2)
    ]
    assert values[0] == values[1] != values[2]
