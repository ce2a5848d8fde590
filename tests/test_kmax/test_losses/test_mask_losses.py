"""Mask-id, dice and class loss, and statistics, by hand and by loops."""

import math

import numpy as np
import pytest
import torch

from mmremax.kmax.losses.mask_loss import (
    MaskIdLoss,
    MaskLoss,
    PQDiceLoss,
    mask_statistics,
)
from mmremax.kmax.losses.pq_classification import PQClassificationLoss
from mmremax.kmax.predictor import LayerPrediction
from tests.helpers.loss_fixture import mask_targets, slow_cross_entropy

each_activation = pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])


def random_case(seed=0, batch=2, queries=4, locations=15):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, queries, locations, generator=generator)
    query_map = torch.randint(
        -1, queries, (batch, locations), generator=generator
    )
    return logits.double(), query_map


def value_of(loss, logits, query_map, weight=None):
    """The value of a loss, as a number; weights of the masks are 1."""
    if weight is None:
        weight = torch.ones(logits.shape[:2])
    size, queries = (1, logits.shape[2]), logits.shape[1]
    targets = mask_targets(
        query_map, size, queries, query_mask_weight=weight.double()
    )
    return loss(logits, mask_statistics(logits, query_map), targets).item()


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
        lambda x: tuple(mask_statistics(x, query_map)), logits.requires_grad_()
    )


@each_activation
def test_mask_id_equals_a_slow_oracle(activation):
    logits, query_map = random_case()
    value = value_of(MaskIdLoss(activation, 2.0), logits, query_map)
    wanted = slow_cross_entropy(logits, query_map, activation)
    assert value == pytest.approx(2 * wanted)


@pytest.mark.parametrize('shift', [0, 30, -30])
@pytest.mark.parametrize('scale', [1, 4, 12, 16, 25, 50])
def test_sure_locations_count_in_float32(scale, shift):
    """All of them sure, as after long training; void is none of them."""
    logits, query_map = random_case(queries=8, locations=500)
    own = torch.nn.functional.one_hot(query_map.clamp(min=0), 8)
    logits += shift + (scale + 3) * own.transpose(1, 2)
    logits = logits.float().double()  # the same numbers for both
    found, wanted = [], []
    for loss in (MaskIdLoss(), PQDiceLoss()):
        for kind, values in ((torch.float, found), (torch.double, wanted)):
            x = logits.to(kind).requires_grad_()
            targets = mask_targets(
                query_map, (1, 500), 8, query_mask_weight=torch.ones(2, 8)
            )
            value = loss(x, mask_statistics(x, query_map), targets)
            (gradient,) = torch.autograd.grad(value, x)
            values += [value.detach().double(), 1000 * gradient.double()]
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    wanted_value = pytest.approx(wanted[0].item(), rel=1e-4, abs=1e-14)
    assert found[0].item() == wanted_value


@pytest.mark.parametrize('queries', [2, 32, 128])
def test_sigmoid_starts_where_softmax_does(queries):
    """At logits of 0 both are ln Q; by itself the sum is Q ln 2."""
    case = torch.zeros(1, queries, 3).double(), torch.tensor([[0, 1, -1]])
    for loss, wanted in (
        (MaskIdLoss(), np.log(queries)),
        (MaskIdLoss('sigmoid', start_as_softmax=True), np.log(queries)),
        (MaskIdLoss('sigmoid'), queries * np.log(2)),
    ):
        assert value_of(loss, *case) == pytest.approx(wanted)


def test_dice_by_hand():
    """One location, two queries, both logits 0: s = 1/2; the first is matched.

    d = 1 - (2 * 1/2 + 1) / (1/2 + 1 + 1) = 1/5, w = 1/2, Q = 2:
    0.75 / 2 * 1/2 * 1/5 = 0.0375.
    """
    case = torch.zeros(1, 2, 1).double(), torch.zeros(1, 1).long()
    value = value_of(PQDiceLoss(), *case, torch.tensor([[0.5, 0.0]]))
    assert value == pytest.approx(0.0375)


@each_activation
def test_dice_equals_a_slow_oracle(activation):
    logits, query_map = random_case()
    weight = torch.tensor([[0.2, 0.0, 0.9, 0.0], [0.5, 0.7, 0.0, 0.3]])
    total = 0.0
    for b in range(2):
        locations = query_map[b] >= 0
        exp = np.exp(logits[b, :, locations].numpy())
        prob = exp / (exp.sum(0) if activation == 'softmax' else 1 + exp)
        for q in range(4):
            y = query_map[b, locations].numpy() == q
            overlap = (prob[q] * y).sum()
            dice = (2 * overlap + 1) / (prob[q].sum() + y.sum() + 1)
            total += weight[b, q].item() * (1 - dice)
    loss = PQDiceLoss(alpha=0.6, loss_weight=3.0, activation=activation)
    value = value_of(loss, logits, query_map, weight)
    assert value == pytest.approx(3 * 0.6 * total / (2 * 4))


@each_activation
def test_invariants(activation):
    """Permuting queries changes nothing; what is on void does not matter."""
    logits, query_map = random_case()
    order = torch.tensor([2, 0, 3, 1])
    weight = torch.rand(2, 4).double()
    moved = order.argsort()[query_map.clamp(min=0)].where(query_map >= 0, -1)
    loss = MaskLoss(
        dict(type='MaskIdLoss', activation=activation),
        dict(type='PQDiceLoss', activation=activation),
    )

    def losses(logits, query_map, weight):
        output = LayerPrediction(None, logits.view(2, 4, 3, 5), None)
        targets = mask_targets(query_map, (3, 5), 4, query_mask_weight=weight)
        return loss(output, targets)

    plain = losses(logits, query_map, weight)
    noisy = logits + 9.0 * (query_map < 0)[:, None]
    for other in (
        losses(logits[:, order], moved, weight[:, order]),
        losses(noisy, query_map, weight),
    ):
        for key, value in plain.items():
            torch.testing.assert_close(other[key], value, msg=key)


def one_query(label, weight=2.0):
    return mask_targets(
        torch.full((1, 1), -1),
        (1, 1),
        queries=1,
        labels=torch.tensor([[label]]),
        query_class_weight=torch.tensor([[weight]]),
    )


LOG3 = math.log(3)
LOGITS = torch.tensor([[[LOG3, 0.0, -LOG3]]])  # sigmoid: 3/4, 1/2, 1/4
SOFT = torch.tensor([[[1.0, 0.1, 0.0]]])


def test_class_loss_with_sigmoid_by_hand():
    """Weights of 3/4 (alpha) and 2 give 3/2 of the sum of three terms."""
    loss = PQClassificationLoss(activation='sigmoid')
    own = -math.log(3 / 4)
    other = -0.1 * math.log(1 / 2) - 0.9 * math.log(1 / 2)
    none = -math.log(3 / 4)
    wanted = 1.5 * (own + other + none)
    assert loss(LOGITS, SOFT, one_query(0)).item() == pytest.approx(wanted)


def test_class_loss_with_softmax_by_hand():
    """Probabilities 9, 3 and 1 of 13; the soft target is not normalised."""
    loss = PQClassificationLoss(loss_weight=3.0)
    wanted = 3 * 1.5 * (-math.log(9 / 13) - 0.1 * math.log(3 / 13))
    assert loss(LOGITS, SOFT, one_query(0)).item() == pytest.approx(wanted)


def test_queries_of_weight_0_leave_the_mean():
    """With alpha = 1 the unmatched query is not half of two."""
    loss = PQClassificationLoss(alpha=1.0)
    targets = mask_targets(
        torch.full((1, 1), -1), (1, 1), 2, labels=torch.tensor([[0, 2]])
    )
    value = loss(LOGITS.expand(1, 2, 3), SOFT.expand(1, 2, 3), targets)
    wanted = -math.log(9 / 13) - 0.1 * math.log(3 / 13)
    assert value.item() == pytest.approx(wanted)
