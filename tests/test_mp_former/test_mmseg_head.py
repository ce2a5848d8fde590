"""Mask-piloted training in mmseg's Mask2Former head."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from tests.helpers.mp_former_fixture import mmseg_config

CANVAS = (64, 96)
NUM_CLASSES = 4


@pytest.fixture(autouse=True)
def scope():
    """Build as a Runner with a config of mmseg does."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


def build(name: str = 'MPFormerHead', **settings: object) -> nn.Module:
    torch.manual_seed(0)
    return MODELS.build(mmseg_config(NUM_CLASSES, type=name, **settings))


def features() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(2, 4, CANVAS[0] // s, CANVAS[1] // s, generator=generator)
        for s in (4, 8, 16, 32)
    ]


def samples() -> list[SegDataSample]:
    """Image 0 has three classes and void, image 1 is void."""
    labels = torch.full((2, 1, *CANVAS), 255)
    labels[0, :, :20], labels[0, :, 20:40], labels[0, :, 44:] = 0, 3, 1
    return [
        SegDataSample(
            gt_sem_seg=PixelData(data=data), metainfo=dict(img_shape=CANVAS)
        )
        for data in labels
    ]


def test_losses_of_both_parts() -> None:
    head, stock = build(mp_cfg=dict(num_groups=2)), build('Mask2FormerHead')
    assert head.label_embed.weight.shape == (NUM_CLASSES, 8)
    stock.load_state_dict(head.state_dict(), strict=False)
    losses = head.loss(features(), samples(), {})
    expected = stock.loss(features(), samples(), {})
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
        losses = {} if settings else other.loss(features(), samples(), {})
        metas = [dict(img_shape=CANVAS)] * 2
        masks = other.eval().predict(features(), metas, {})
        results.append({**losses, 'masks': masks})
    assert all(torch.equal(v, results[1][k]) for k, v in results[0].items())
