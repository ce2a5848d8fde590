"""Soft heads against the losses called by hand and mmseg's own heads."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from mmremax.soft_label.losses import SoftCrossEntropyLoss
from mmremax.soft_label.target import SoftTarget

SOFT = dict(type='SoftCrossEntropyLoss')
FCN = dict(in_channels=4, channels=4, num_convs=1, num_classes=3)
FCN |= dict(concat_input=False, dropout_ratio=0.0)


def head(kind='SoftFCNHead', **settings):
    torch.manual_seed(0)
    config = dict(FCN, loss_decode=SOFT) | settings
    return MODELS.build(dict(type=kind, **config))


def samples(size=(8, 8), soft_size=None):
    generator = torch.Generator().manual_seed(1)
    made = []
    for _ in range(2):
        q = torch.rand(3, *(soft_size or size), generator=generator)
        codes = (204 * q / q.sum(0)).to(torch.uint8)
        sample = SegDataSample()
        labels = torch.randint(0, 3, (1, *size), generator=generator)
        sample.gt_sem_seg = PixelData(data=labels)
        sample.set_data(dict(gt_soft_seg=PixelData(data=codes)))
        made.append(sample)
    return made


FEATS = [torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(2))]


def test_soft_losses_read_fractions_and_others_the_hard_map():
    ce = dict(type='CrossEntropyLoss', avg_non_ignore=True)
    ours = head(loss_decode=[SOFT, ce])
    stock = head('FCNHead', loss_decode=ce)
    stock.load_state_dict(ours.state_dict())
    batch = samples()
    losses = ours.loss(FEATS, batch, {})
    logits = ours(FEATS)
    soft = SoftCrossEntropyLoss()(logits, SoftTarget.of_samples(batch, 3))
    assert torch.equal(losses['loss_soft_ce'], soft)
    for name, expected in stock.loss(FEATS, batch, {}).items():
        assert torch.allclose(losses[name], expected)


def test_without_soft_labels_the_head_trains_on_hard_ones():
    batch = samples()
    for sample in batch:
        del sample.gt_soft_seg
    value = head().loss(FEATS, batch, {})['loss_soft_ce']
    labels = torch.stack([s.gt_sem_seg.data[0] for s in batch])
    expected = F.cross_entropy(head()(FEATS), labels)
    assert torch.allclose(value, expected)


def test_logits_grow_to_the_labels_of_the_padded_image():
    batch = samples(size=(16, 24), soft_size=(16, 20))
    losses = head().loss(FEATS, batch, {})
    grown = F.interpolate(head()(FEATS), (16, 24), mode='bilinear')
    q = SoftTarget.of_samples(batch, 3)
    assert q.fractions[..., 20:].max() == 0
    expected = SoftCrossEntropyLoss()(grown, q)
    assert torch.equal(losses['loss_soft_ce'], expected)


def test_losses_of_one_name_add_up_and_are_float32_under_autocast():
    weights = [dict(SOFT, loss_weight=w) for w in (1.0, 0.5)]
    both = head(loss_decode=weights).loss(FEATS, samples(), {})
    one = head().loss(FEATS, samples(), {})
    assert torch.allclose(both['loss_soft_ce'], 1.5 * one['loss_soft_ce'])
    with torch.autocast('cpu', torch.bfloat16):
        losses = head().loss(FEATS, samples(), {})
    assert losses['loss_soft_ce'].dtype == torch.float32


def test_mistakes_of_heads_are_named():
    with pytest.raises(ValueError, match='remove sampler'):
        head(sampler=dict(type='OHEMPixelSampler'))
    with pytest.raises(ValueError, match='set out_channels=2'):
        head(num_classes=2, out_channels=1)


def test_inference_is_that_of_the_stock_head():
    ours = head().eval()
    stock = head('FCNHead', loss_decode=dict(type='CrossEntropyLoss')).eval()
    assert ours.state_dict().keys() == stock.state_dict().keys()
    stock.load_state_dict(ours.state_dict())
    meta = [dict(img_shape=(16, 16))]
    expected = stock.predict(FEATS, meta, {})
    assert torch.equal(ours.predict(FEATS, meta, {}), expected)
