"""PQClassificationLoss: the class term by hand (published: test_golden.py)."""

import math

import pytest
import torch

from mmremax.kmax.losses.pq_classification import PQClassificationLoss
from tests.helpers.loss_fixture import mask_targets


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


def test_sigmoid_by_hand():
    """Weights of 3/4 (alpha) and 2 give 3/2 of the sum of three terms."""
    loss = PQClassificationLoss(activation='sigmoid')
    own = -math.log(3 / 4)
    other = -0.1 * math.log(1 / 2) - 0.9 * math.log(1 / 2)
    none = -math.log(3 / 4)
    wanted = 1.5 * (own + other + none)
    assert loss(LOGITS, SOFT, one_query(0)).item() == pytest.approx(wanted)


def test_softmax_by_hand():
    """Probabilities 9, 3 and 1 of 13; the soft target is not normalised."""
    loss = PQClassificationLoss(loss_weight=3.0)
    wanted = 3 * 1.5 * (-math.log(9 / 13) - 0.1 * math.log(3 / 13))
    assert loss(LOGITS, SOFT, one_query(0)).item() == pytest.approx(wanted)
