"""Pipelines and models that would train on the wrong labels are refused."""

from types import SimpleNamespace

import pytest
from mmcv.transforms import Compose
from mmseg.registry import TRANSFORMS

from mmremax.soft_label.checks import (
    SoftLabelCheckHook,
    check_model,
    check_pipeline,
)
from mmremax.soft_label.transforms import PackSoftSegInputs, SoftLabelResize
from tests.test_soft_label.test_heads import head

HARD = dict(type='CrossEntropyLoss')


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


def test_softening_inside_other_transforms_is_found_and_what_fits_passes():
    flip = dict(type='RandomFlip', prob=0.5)
    assert check_pipeline([*pipeline(flip), PackSoftSegInputs()])
    rotate = dict(type='RandomRotate', prob=1, degree=5)
    assert not check_pipeline([TRANSFORMS.build(rotate)])
    resize = dict(type='SoftLabelResize', scale=(8, 8), num_classes=3)
    random = dict(resize, type='RandomResize', resize_type='SoftLabelResize')
    for step in (
        random,
        dict(type='RandomApply', transforms=[resize]),
        dict(type='RandomChoice', transforms=[[resize], [random]]),
    ):
        with pytest.raises(ValueError, match='end it in PackSoftSegInputs'):
            check_pipeline([TRANSFORMS.build(step)])


def test_heads_that_do_not_read_fractions_are_refused():
    stock = head('FCNHead', loss_decode=HARD)
    check_model(SimpleNamespace(decode_head=head(), auxiliary_head=head()))
    with pytest.raises(ValueError, match=r"auxiliary_head .*'SoftFCNHead'"):
        check_model(SimpleNamespace(decode_head=head(), auxiliary_head=stock))
    with pytest.raises(ValueError, match=r'decode_head\[1\] \(FCNHead\)'):
        check_model(SimpleNamespace(decode_head=[head(), stock]))
    with pytest.raises(ValueError, match='no loss of decode_head'):
        check_model(SimpleNamespace(decode_head=head(loss_decode=HARD)))


def test_the_hook_checks_the_model_where_data_are_soft():
    dataset = SimpleNamespace(metainfo={}, pipeline=Compose([]))
    runner = SimpleNamespace(
        model=SimpleNamespace(decode_head=head('FCNHead', loss_decode=HARD)),
        train_dataloader=SimpleNamespace(dataset=dataset),
    )
    SoftLabelCheckHook().before_train(runner)
    dataset.pipeline = Compose([*pipeline(), PackSoftSegInputs()])
    with pytest.raises(ValueError, match="'SoftFCNHead'"):
        SoftLabelCheckHook().before_train(runner)
