"""Soft heads, their preprocessor and the check of the parts."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.registry import MODELS, TRANSFORMS
from mmseg.structures import SegDataSample

from mmremax.soft_label.check_hook import (
    check_model,
    check_pipeline,
)
from mmremax.soft_label.formatting import PackSoftSegInputs
from mmremax.soft_label.losses import SoftCrossEntropyLoss
from mmremax.soft_label.transforms import SoftLabelResize

SOFT = dict(type='SoftCrossEntropyLoss')
FCN = dict(
    in_channels=4,
    channels=4,
    num_convs=1,
    concat_input=False,
    num_classes=3,
    dropout_ratio=0.0,
)


@pytest.fixture(autouse=True)
def scope():
    """Build as a Runner with a config of mmseg does."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


def head(kind='SoftFCNHead', **settings):
    torch.manual_seed(0)
    config = dict(FCN, loss_decode=SOFT) | settings
    return MODELS.build(dict(type=kind, **config))


def samples(count=2, size=(8, 8), encoding='float32', stride=1):
    generator = torch.Generator().manual_seed(1)
    made = []
    for _ in range(count):
        q = torch.rand(3, *(n // stride for n in size), generator=generator)
        q /= q.sum(0) * 1.25
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(
            data=torch.randint(0, 3, (1, *size), generator=generator)
        )
        sample.set_data(dict(gt_soft_seg=PixelData(data=q)))
        sample.set_metainfo(
            dict(soft_seg_encoding=encoding, soft_seg_stride=stride)
        )
        made.append(sample)
    return made


def fractions(batch):
    return torch.stack([sample.gt_soft_seg.data for sample in batch])


FEATS = [torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(2))]


def test_soft_losses_read_fractions_and_others_the_hard_map():
    ce = dict(type='CrossEntropyLoss', avg_non_ignore=True)
    ours = head(loss_decode=[SOFT, ce])
    stock = head('FCNHead', loss_decode=ce)
    stock.load_state_dict(ours.state_dict())
    batch = samples()
    losses = ours.loss(FEATS, batch, {})
    logits = ours(FEATS)
    soft = SoftCrossEntropyLoss()(logits, fractions(batch))
    assert torch.equal(losses['loss_soft_ce'], soft)
    expected = stock.loss(FEATS, batch, {})
    assert torch.allclose(losses['loss_ce'], expected['loss_ce'])
    assert torch.allclose(losses['acc_seg'], expected['acc_seg'])


def test_without_soft_labels_the_head_trains_on_hard_ones():
    batch = samples()
    for sample in batch:
        del sample.gt_soft_seg
    value = head().loss(FEATS, batch, {})['loss_soft_ce']
    labels = torch.stack([s.gt_sem_seg.data[0] for s in batch])
    expected = torch.nn.functional.cross_entropy(head()(FEATS), labels)
    assert torch.allclose(value, expected)


def test_a_batch_of_both_kinds_is_refused():
    batch = samples()
    del batch[1].gt_soft_seg
    with pytest.raises(ValueError, match='1 of 2 samples have no gt_soft'):
        head().loss(FEATS, batch, {})


def test_targets_of_the_output_stride():
    batch = samples(size=(16, 16), stride=2)
    losses = head().loss(FEATS, batch, {})
    expected = SoftCrossEntropyLoss()(head()(FEATS), fractions(batch))
    assert torch.equal(losses['loss_soft_ce'], expected)
    assert losses['acc_seg'].isfinite()  # of the majority


def test_target_to_logits_averages_the_fractions():
    batch = samples(size=(16, 16))
    losses = head(align='target_to_logits').loss(FEATS, batch, {})
    pooled = torch.nn.functional.avg_pool2d(fractions(batch), 2)
    expected = SoftCrossEntropyLoss()(head()(FEATS), pooled)
    assert torch.allclose(losses['loss_soft_ce'], expected)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(sampler=dict(type='OHEMPixelSampler')), 'remove sampler'),
        (dict(num_classes=2, out_channels=1), 'set out_channels=2'),
        (dict(loss_decode=dict(type='KLDivLoss')), 'use SoftKLDivLoss'),
        (dict(align='both'), "align='both'"),
    ],
)
def test_mistakes_of_heads_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        head(**settings)


def test_mistakes_of_data_are_named():
    batch = samples()
    for sample in batch:
        sample.set_data(dict(gt_soft_seg=PixelData(data=torch.ones(4, 8, 8))))
    with pytest.raises(ValueError, match='4 channels, the head 3 classes'):
        head().loss(FEATS, batch, {})
    batch = [*samples(1), *samples(1, (8, 12))]
    with pytest.raises(ValueError, match='SoftSegDataPreProcessor, which'):
        head().loss(FEATS, batch, {})


def test_inference_is_that_of_the_stock_head():
    ours, stock = (
        head().eval(),
        head('FCNHead', loss_decode={'type': 'CrossEntropyLoss'}).eval(),
    )
    assert ours.state_dict().keys() == stock.state_dict().keys()
    stock.load_state_dict(ours.state_dict())
    meta = [dict(img_shape=(16, 16))]
    assert torch.equal(
        ours.predict(FEATS, meta, {}), stock.predict(FEATS, meta, {})
    )


def test_losses_under_autocast_are_float32():
    with torch.autocast('cpu', torch.bfloat16):
        losses = head().loss(FEATS, samples(), {})
    assert losses['loss_soft_ce'].dtype == torch.float32


def packed(size, encoding):
    rng = np.random.default_rng(0)
    results = dict(
        img=rng.integers(0, 255, (*size, 3)).astype(np.uint8),
        img_shape=size,
        ori_shape=size,
        gt_seg_map=rng.integers(0, 3, size).astype(np.uint8),
        seg_fields=['gt_seg_map'],
    )
    resize = SoftLabelResize(
        scale=(size[1] // 2, size[0] // 2),
        num_classes=3,
        encoding=encoding,
        interpolation='area',
    )
    return PackSoftSegInputs()(resize(results))


@pytest.mark.parametrize('encoding', ['uint8', 'topk'])
def test_padding_adds_no_mass(encoding):
    preprocessor = MODELS.build(
        dict(
            type='SoftSegDataPreProcessor',
            mean=[0.0] * 3,
            std=[1.0] * 3,
            size=(16, 16),
        )
    )
    inputs = [packed((16, 24), encoding), packed((24, 16), encoding)]
    data = dict(
        inputs=[sample['inputs'] for sample in inputs],
        data_samples=[sample['data_samples'] for sample in inputs],
    )
    batch = preprocessor(data, training=True)
    ours = head()
    target = torch.stack(
        [
            sample.gt_soft_seg.get(
                'weights', sample.gt_soft_seg.get('data')
            ).sum(0)
            for sample in batch['data_samples']
        ]
    )
    assert target.shape == (2, 16, 16)
    assert target[0, 8:].max() == target[1, :, 8:].max() == 0
    assert abs(target[0, :8, :12].float() / 255 - 1).max() < 0.01
    assert ours.loss([torch.randn(2, 4, 16, 16)], batch['data_samples'], {})[
        'loss_soft_ce'
    ].isfinite()


def pipeline(*steps):
    resize = SoftLabelResize(scale=(8, 8), num_classes=3)
    return [resize, *(TRANSFORMS.build(step) for step in steps)]


@pytest.mark.parametrize(
    ('step', 'message'),
    [
        (dict(type='RandomRotate', prob=1, degree=5), 'RandomRotate'),
        (dict(type='RandomCutOut', prob=1, n_holes=1, cutout_shape=(2, 2)),
         'RandomCutOut'),
        (dict(type='RandomFlip', prob=1.0, swap_seg_labels=[(0, 1)]), 'swaps'),
        (dict(type='Resize', scale=(4, 4)), 'nearest pixel'),
        (dict(type='PackSegInputs'), 'end it in PackSoftSegInputs'),
    ],
)  # fmt: skip
def test_transforms_that_do_not_know_fractions_are_refused(step, message):
    with pytest.raises(ValueError, match=message):
        check_pipeline(pipeline(step))


def test_pipelines_that_fit_pass():
    flip = dict(type='RandomFlip', prob=0.5)
    assert check_pipeline([*pipeline(flip), PackSoftSegInputs()])
    rotate = dict(type='RandomRotate', prob=1, degree=5)
    assert not check_pipeline([TRANSFORMS.build(rotate)])


class Segmentor:
    def __init__(self, kind, decode_head, auxiliary_head=None):
        self.data_preprocessor = MODELS.build(dict(type=kind))
        self.decode_head = decode_head
        self.auxiliary_head = auxiliary_head


def test_models_that_do_not_read_fractions_are_refused():
    soft, hard = 'SoftSegDataPreProcessor', 'SegDataPreProcessor'
    ce = dict(type='CrossEntropyLoss')
    check_model(Segmentor(soft, head(), head()))
    with pytest.raises(ValueError, match="to 'SoftSegDataPreProcessor'"):
        check_model(Segmentor(hard, head()))
    with pytest.raises(ValueError, match="'SoftFCNHead'"):
        check_model(Segmentor(soft, head(), head('FCNHead', loss_decode=ce)))
    with pytest.raises(ValueError, match='no loss of decode_head'):
        check_model(Segmentor(soft, head(loss_decode=ce)))
