"""Mask-piloted training in mmseg's Mask2Former head."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from torch import nn

from tests.helpers.mask2former_fixture import (
    CANVAS,
    features,
    mp_former_config,
    semantic_samples,
)

NUM_CLASSES = 5


@pytest.fixture(autouse=True)
def scope():
    """Build as a Runner with a config of mmseg does."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


def build(name: str = 'MPFormerHead', **settings: object) -> nn.Module:
    torch.manual_seed(0)
    return MODELS.build(mp_former_config(NUM_CLASSES, type=name, **settings))


def batch() -> tuple:
    """Features of two images and their samples; image 1 is void."""
    return features(channels=4), semantic_samples(empty=(1,)), {}


def test_losses_of_both_parts() -> None:
    head, stock = build(mp_cfg=dict(num_groups=2)), build('Mask2FormerHead')
    assert head.label_embed.weight.shape == (NUM_CLASSES, 8)
    stock.load_state_dict(head.state_dict(), strict=False)
    losses, expected = head.loss(*batch()), stock.loss(*batch())
    assert set(expected) == {k for k in losses if 'mp_' not in k}
    assert len(losses) == 2 * len(expected)
    # Before the first layer nothing is random but the points.
    assert losses['d0.loss_cls'].item() == pytest.approx(
        expected['d0.loss_cls'].item(), rel=0.2
    )
    sum(losses.values()).backward()
    grad = head.label_embed.weight.grad
    assert torch.isfinite(grad).all()
    assert grad.abs().sum() > 0


@torch.no_grad()
@pytest.mark.parametrize('settings', [{}, dict(mp_cfg={})])
def test_inference_and_no_settings_are_stock(settings: dict) -> None:
    stock, head = build('Mask2FormerHead'), build(**settings)
    head.load_state_dict(stock.state_dict(), strict=False)
    results = []
    for other in (stock, head):
        torch.manual_seed(0)
        losses = {} if settings else other.loss(*batch())
        metas = [dict(img_shape=CANVAS)] * 2
        masks = other.eval().predict(features(channels=4), metas, {})
        results.append({**losses, 'masks': masks})
    assert all(torch.equal(v, results[1][k]) for k, v in results[0].items())
