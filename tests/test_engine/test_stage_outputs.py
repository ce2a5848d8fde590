"""Answers of the stages: the final one is the head's own, Eq. 2 at test."""

import pytest
import torch

from mmremax.engine.stage_outputs import (
    answering_from,
    stage_output,
)
from tests.helpers.model_fixture import build_model


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return build_model(with_remax=True).eval()


@pytest.fixture(scope='module')
def feats(model):
    with torch.no_grad():
        return model.extract_feat(torch.randn(1, 3, 65, 65))


@torch.no_grad()
def test_the_final_output_is_the_heads_own(model, feats):
    head = model.panoptic_head
    found = stage_output(head, feats, None)
    for a, b in zip(found, head.predict(feats), strict=True):
        assert torch.equal(a, b)


def test_a_kept_branch_scales_the_masks(model, feats):
    """m_tilde / m = 1 + m_hat, which is positive."""
    head = model.panoptic_head
    classes, masks = stage_output(head, feats, 0)
    same, relaxed = stage_output(head, feats, 0, is_relaxed=True)
    assert torch.equal(classes, same)
    assert relaxed.shape == masks.shape == (1, *masks.shape[1:])
    gain = relaxed / masks
    assert (gain > 1).all()
    assert gain.std() > 0


def test_the_final_output_has_no_branch(model, feats):
    with pytest.raises(ValueError, match='not relaxed'):
        stage_output(model.panoptic_head, feats, None, is_relaxed=True)


@torch.no_grad()
def test_a_head_answers_from_a_stage_for_a_while(model, feats):
    head = model.panoptic_head
    own = head.predict(feats)[1]
    with answering_from(head, 1):
        masks = head.predict(feats, None)[1]
    assert torch.equal(masks, stage_output(head, feats, 1)[1])
    assert not torch.equal(masks, own)
    assert torch.equal(head.predict(feats)[1], own)
