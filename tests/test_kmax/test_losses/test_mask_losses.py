"""Mask-id and dice losses and their statistics, by hand and by loops."""

import numpy as np
import pytest
import torch

from mmremax.kmax.losses.mask_loss import (
    MaskIdLoss,
    MaskLoss,
    PQDiceLoss,
    mask_statistics,
)
from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.targets import MaskTargets


def targets_of(query_map, queries, size, mask_weight=None):
    batch = len(query_map)
    if mask_weight is None:
        mask_weight = torch.ones(batch, queries).double()
    return MaskTargets(
        query_map=query_map,
        semantic_map=query_map,
        labels=torch.zeros(batch, queries, dtype=torch.long),
        query_class_weight=torch.ones(batch, queries),
        query_mask_weight=mask_weight,
        size=size,
    )


def random_case(seed=0, batch=2, queries=4, locations=15):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(
        batch, queries, locations, generator=generator
    ).double()
    query_map = torch.randint(
        -1, queries, (batch, locations), generator=generator
    )
    return logits, query_map


def test_statistics_equal_the_softmax():
    logits, query_map = random_case()
    statistics = mask_statistics(logits, query_map)
    log_prob = logits.log_softmax(1)
    valid = query_map >= 0
    own = log_prob.gather(1, query_map.clamp(min=0)[:, None])[:, 0] * valid
    torch.testing.assert_close(statistics.own_log_prob, own)
    torch.testing.assert_close(
        statistics.prob_sum, (log_prob.exp() * valid[:, None]).sum(2)
    )


def test_statistics_have_the_right_gradient():
    logits, query_map = random_case()
    assert torch.autograd.gradcheck(
        lambda x: tuple(mask_statistics(x, query_map)),
        logits.requires_grad_(),
    )


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_mask_id_equals_a_slow_oracle(activation):
    logits, query_map = random_case()
    targets = targets_of(query_map, 4, (3, 5))
    loss = MaskIdLoss(activation, loss_weight=2.0)
    value = loss(logits, mask_statistics(logits, query_map), targets)
    per_image = []
    for b in range(2):
        terms = []
        for p, own in enumerate(query_map[b].tolist()):
            if own < 0:
                continue
            m = logits[b, :, p].numpy()
            if activation == 'softmax':
                prob = np.exp(m) / np.exp(m).sum()
                terms.append(-np.log(prob[own]))
            else:
                prob = 1 / (1 + np.exp(-m))
                y = np.arange(4) == own
                terms.append(-np.log(np.where(y, prob, 1 - prob)).sum())
        per_image.append(np.mean(terms))
    assert value.item() == pytest.approx(2 * np.mean(per_image))


@pytest.mark.parametrize('queries', [2, 32, 128])
def test_sigmoid_starts_where_softmax_does(queries):
    """At logits of 0 both are ln Q; by itself the sum is Q ln 2."""
    logits = torch.zeros(1, queries, 3).double()
    query_map = torch.tensor([[0, 1, -1]])
    arguments = (
        logits,
        mask_statistics(logits, query_map),
        targets_of(query_map, queries, (1, 3)),
    )
    softmax = MaskIdLoss()(*arguments).item()
    sigmoid = MaskIdLoss('sigmoid', start_as_softmax=True)(*arguments).item()
    plain = MaskIdLoss('sigmoid')(*arguments).item()
    assert softmax == pytest.approx(np.log(queries))
    assert sigmoid == pytest.approx(np.log(queries))
    assert plain == pytest.approx(queries * np.log(2))


def test_dice_by_hand():
    """One location, two queries, both logits 0: s = 1/2; the first is matched.

    d = 1 - (2 * 1/2 + 1) / (1/2 + 1 + 1) = 1/5, w = 1/2, Q = 2:
    0.75 / 2 * 1/2 * 1/5 = 0.0375.
    """
    logits = torch.zeros(1, 2, 1).double()
    query_map = torch.zeros(1, 1).long()
    weight = torch.tensor([[0.5, 0.0]]).double()
    value = PQDiceLoss()(
        logits,
        mask_statistics(logits, query_map),
        targets_of(query_map, 2, (1, 1), weight),
    )
    assert value.item() == pytest.approx(0.0375)


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_dice_equals_a_slow_oracle(activation):
    logits, query_map = random_case()
    weight = torch.tensor([[0.2, 0.0, 0.9, 0.0], [0.5, 0.7, 0.0, 0.3]])
    value = PQDiceLoss(alpha=0.6, loss_weight=3.0, activation=activation)(
        logits,
        mask_statistics(logits, query_map),
        targets_of(query_map, 4, (3, 5), weight.double()),
    )
    total = 0.0
    for b in range(2):
        locations = [
            p for p, own in enumerate(query_map[b].tolist()) if own >= 0
        ]
        m = logits[b, :, locations].numpy()
        if activation == 'softmax':
            prob = np.exp(m) / np.exp(m).sum(0)
        else:
            prob = 1 / (1 + np.exp(-m))
        for q in range(4):
            y = query_map[b, locations].numpy() == q
            overlap = (prob[q] * y).sum()
            dice = (2 * overlap + 1) / (prob[q].sum() + y.sum() + 1)
            total += weight[b, q].item() * (1 - dice)
    assert value.item() == pytest.approx(3 * 0.6 * total / (2 * 4))


def output_of(logits):
    """An output with these mask logits on a grid of 3 x 5."""
    return LayerPrediction(None, logits.view(2, 4, 3, 5), None)


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_permuting_queries_changes_nothing(activation):
    logits, query_map = random_case()
    order = torch.tensor([2, 0, 3, 1])
    weight = torch.rand(2, 4).double()
    place = order.argsort()
    moved = torch.where(query_map < 0, -1, place[query_map.clamp(min=0)])
    loss = MaskLoss(
        dict(type='MaskIdLoss', activation=activation),
        dict(type='PQDiceLoss', activation=activation),
    )
    plain = loss(output_of(logits), targets_of(query_map, 4, (3, 5), weight))
    permuted = loss(
        output_of(logits[:, order]),
        targets_of(moved, 4, (3, 5), weight[:, order]),
    )
    for key, value in plain.items():
        torch.testing.assert_close(permuted[key], value, msg=key)


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_void_cells_do_not_matter(activation):
    logits, query_map = random_case()
    noisy = logits + 9.0 * (query_map < 0)[:, None]
    loss = MaskLoss(
        dict(type='MaskIdLoss', activation=activation),
        dict(type='PQDiceLoss', activation=activation),
    )
    targets = targets_of(query_map, 4, (3, 5))
    plain = loss(output_of(logits), targets)
    other = loss(output_of(noisy), targets)
    for key, value in plain.items():
        torch.testing.assert_close(other[key], value, msg=key)


@pytest.mark.parametrize('loss', [MaskIdLoss, PQDiceLoss])
def test_unknown_activation(loss):
    with pytest.raises(ValueError, match='relu'):
        loss(activation='relu')
