"""Losses on points against mmdet's own, from the same random state."""

from unittest import mock

import pytest
import torch
from mmdet.models.dense_heads import Mask2FormerHead
from torch import Tensor

from mmremax.utils.point_losses import point_losses
from tests.helpers.mask2former_fixture import build_head


def example(counts: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Mask logits of two images, which queries are matched, their masks."""
    generator = torch.Generator().manual_seed(0)
    mask_logits = torch.randn(2, 7, 16, 24, generator=generator)
    matched = torch.arange(7) < torch.tensor(counts)[:, None]
    masks = torch.rand(sum(counts), 64, 96, generator=generator) < 0.3
    return mask_logits, matched, masks.long()


@pytest.mark.parametrize('counts', [(3, 2), (0, 1), (0, 0)])
def test_one_prediction_a_segment_is_mmdet(counts):
    head = build_head()
    mask_logits, matched, masks = example(counts)
    mask_logits.requires_grad_()
    targets = (
        list(torch.zeros(2, 7, dtype=torch.long)),
        list(torch.ones(2, 7)),
        list(masks.split(counts)),
        list(matched.float()),
        sum(counts),
    )
    results = []
    for ours in (False, True):
        torch.manual_seed(0)
        if ours:
            num_masks = torch.tensor([max(sum(counts), 1.0)])
            losses = point_losses(head, mask_logits[matched], masks, num_masks)
        else:
            with mock.patch.object(head, 'get_targets', return_value=targets):
                _, *losses = Mask2FormerHead._loss_by_feat_single(
                    head, torch.zeros(2, 7, 6), mask_logits, [], []
                )
        mask_logits.grad = None
        sum(losses).backward()
        results.append((*losses, mask_logits.grad))
    assert all(map(torch.equal, *results))


def test_predictions_of_a_segment_share_its_mask():
    head = build_head()
    mask_logits, matched, masks = example((4, 2))
    num_masks = torch.tensor(5.0)
    results = []
    for targets in (masks[:2], masks[:2].repeat_interleave(3, dim=0)):
        torch.manual_seed(0)
        results.append(
            point_losses(head, mask_logits[matched], targets, num_masks)
        )
    assert all(map(torch.equal, *results))
    assert results[0][0].shape == ()
