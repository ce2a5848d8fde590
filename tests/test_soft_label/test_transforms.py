"""Soft labels through mmseg's pipelines."""

import numpy as np
import pytest
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope
from mmseg.registry import TRANSFORMS

from mmremax.soft_label.formatting import (
    PackSoftSegInputs,
    SoftLabelPool,
)
from mmremax.soft_label.kernels import class_fractions
from mmremax.soft_label.target import SoftTarget
from mmremax.soft_label.transforms import (
    SoftLabelFromHiRes,
    SoftLabelResize,
)

SIZE = (24, 32)
HALF = dict(scale=(16, 12), num_classes=6, encoding='float32')


@pytest.fixture(autouse=True)
def scope():
    """Build as a Runner with a config of mmseg does."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


def results(seed=0, size=SIZE):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 6, size).astype(np.uint8)
    label[rng.random(size) < 0.1] = 255
    return dict(
        img=rng.integers(0, 255, (*size, 3)).astype(np.uint8),
        img_shape=size,
        ori_shape=size,
        gt_seg_map=label,
        seg_fields=['gt_seg_map'],
    )


def target_of(sample, num_classes=6):
    return SoftTarget.of_samples([sample['data_samples']], num_classes)


def dense(label, size, kernel='area'):
    classes, fractions = class_fractions(label, size, kernel, 6)
    q = np.zeros((6, *size), np.float32)
    q[classes] = fractions
    return q


@pytest.mark.parametrize(
    ('backend', 'interpolation', 'kernel'),
    [
        ('cv2', 'bilinear', 'bilinear'),
        ('cv2', 'bicubic', 'bilinear'),
        ('cv2', 'area', 'area'),
        ('pillow', 'bicubic', 'bilinear_aa'),
        ('pillow', 'box', 'area'),
    ],
)
def test_auto_follows_the_image(backend, interpolation, kernel):
    resize = SoftLabelResize(
        **HALF, backend=backend, interpolation=interpolation
    )
    assert resize.label_kernel == kernel
    inputs = results()
    soft = resize(dict(inputs))['gt_soft_seg']
    expected = dense(inputs['gt_seg_map'], (12, 16), kernel)
    np.testing.assert_allclose(soft.transpose(2, 0, 1), expected, atol=1e-6)


def test_nearest_images_have_no_label_kernel():
    with pytest.raises(ValueError, match="interpolation 'nearest' of cv2"):
        SoftLabelResize(**HALF, interpolation='nearest')


@pytest.mark.parametrize('encoding', ['uint8', 'float16', 'float32', 'topk'])
def test_packed_samples_decode_to_the_fractions(encoding):
    inputs = results()
    settings = dict(HALF, encoding=encoding, label_kernel='area')
    sample = PackSoftSegInputs()(
        SoftLabelResize(**settings, topk=6)(dict(inputs))
    )
    q = target_of(sample).dense(6)[0]
    expected = dense(inputs['gt_seg_map'], (12, 16))
    np.testing.assert_allclose(q, expected, atol=3e-3)
    meta = sample['data_samples'].metainfo
    assert meta['soft_seg_encoding'] == encoding
    assert meta['soft_seg_stride'] == 1
    assert meta['soft_seg_scale'] == (1 if 'float' in encoding else 255)


def test_the_hard_map_is_that_of_mmseg():
    soft, hard = (
        TRANSFORMS.build(dict(type=name, scale=(16, 12), **extra))(results())
        for name, extra in (
            ('SoftLabelResize', dict(num_classes=6)),
            ('Resize', {}),
        )
    )
    np.testing.assert_array_equal(soft['gt_seg_map'], hard['gt_seg_map'])
    np.testing.assert_array_equal(soft['img'], hard['img'])
    assert soft['img_shape'] == hard['img_shape']


@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
def test_softening_and_flip_commute(direction):
    flip = TRANSFORMS.build(
        dict(type='RandomFlip', prob=1.0, direction=direction)
    )
    resize = SoftLabelResize(**HALF, label_kernel='area')
    one = flip(resize(results()))['gt_soft_seg']
    other = resize(flip(results()))['gt_soft_seg']
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_softening_and_aligned_crop_commute():
    whole = SoftLabelResize(**HALF, label_kernel='area')(results())
    part = results()
    for key in ('img', 'gt_seg_map'):
        part[key] = part[key][4:20, 8:24]
    part['img_shape'] = (16, 16)
    resize = SoftLabelResize(**dict(HALF, scale=(8, 8)), label_kernel='area')
    np.testing.assert_allclose(
        whole['gt_soft_seg'][2:10, 4:12], resize(part)['gt_soft_seg']
    )


def test_random_crop_moves_all_maps_alike():
    resize = SoftLabelResize(**HALF, label_kernel='nearest')
    crop = TRANSFORMS.build(dict(type='RandomCrop', crop_size=(6, 7)))
    inputs = crop(resize(results()))
    soft, hard = inputs['gt_soft_seg'], inputs['gt_seg_map']
    assert soft.shape == (6, 7, 6)
    known = hard != 255
    assert (soft.argmax(2)[known] == hard[known]).all()
    assert (soft.max(2) == known).all()


@pytest.mark.parametrize('soften', [True, False])
def test_enlarging_softens_on_demand(soften):
    resize = SoftLabelResize(
        **dict(HALF, scale=(64, 48)), soften_upscale=soften
    )
    soft = resize(results())['gt_soft_seg']
    assert ((soft > 0) & (soft < 1)).any() == soften


@pytest.mark.parametrize('factor', [1, 2, 4])
def test_labels_of_high_resolution_count_like_area(factor):
    inputs = results()
    size = (24 // factor, 32 // factor)
    resize = SoftLabelFromHiRes(scale=size[::-1], factor=factor)
    sample = PackSoftSegInputs()(resize(dict(inputs)))
    q = target_of(sample).dense(6)[0]
    np.testing.assert_allclose(q, dense(inputs['gt_seg_map'], size), atol=1e-6)
    assert sample['data_samples'].gt_soft_seg.data.shape[0] == factor**2


def test_labels_of_high_resolution_flip_with_the_image():
    flip = TRANSFORMS.build(dict(type='RandomFlip', prob=1.0))
    resize = SoftLabelFromHiRes(scale=(16, 12), factor=2)
    one = PackSoftSegInputs()(flip(resize(results())))
    other = PackSoftSegInputs()(resize(flip(results())))
    np.testing.assert_array_equal(
        target_of(one).fractions, target_of(other).fractions
    )


@pytest.mark.parametrize('encoding', ['float32', 'uint8', 'topk'])
def test_pooling_equals_a_direct_reduction(encoding):
    settings = dict(HALF, encoding=encoding, label_kernel='area')
    pooled = SoftLabelPool(2)(SoftLabelResize(**settings, topk=6)(results()))
    sample = PackSoftSegInputs()(pooled)
    assert sample['data_samples'].metainfo['soft_seg_stride'] == 2
    expected = dense(results()['gt_seg_map'], (6, 8))
    np.testing.assert_allclose(
        target_of(sample).dense(6)[0], expected, atol=6e-3
    )


def test_pooling_needs_whole_cells():
    inputs = SoftLabelResize(**HALF, label_kernel='area')(results())
    with pytest.raises(ValueError, match='no multiple of the stride 5'):
        SoftLabelPool(5)(dict(inputs))
    soft = SoftLabelPool(5, pad=True)(dict(inputs))['gt_soft_seg']
    assert soft.shape == (3, 4, 6)
    total = inputs['gt_soft_seg'].sum()
    np.testing.assert_allclose(soft.sum() * 25, total, rtol=1e-5)


def test_random_resize_takes_both_kinds():
    for kind in (
        dict(resize_type='SoftLabelResize', num_classes=6),
        dict(resize_type='SoftLabelFromHiRes', factor=2),
    ):
        pipeline = Compose(
            [
                TRANSFORMS.build(
                    dict(
                        type='RandomResize',
                        scale=(32, 24),
                        ratio_range=(0.3, 0.8),
                        keep_ratio=True,
                        **kind,
                    )
                ),
                PackSoftSegInputs(),
            ]
        )
        sample = pipeline(results())
        assert target_of(sample).size == sample['inputs'].shape[1:]


def test_mistakes_are_named():
    with pytest.raises(ValueError, match='put LoadAnnotations before'):
        SoftLabelResize(**HALF)(dict(results(), gt_seg_map=None))
    soft = SoftLabelResize(**HALF)(results())
    with pytest.raises(ValueError, match='softened already'):
        SoftLabelResize(**HALF)(soft)
    soft['img'] = soft['img'][:5]
    with pytest.raises(ValueError, match='only RandomCrop, RandomFlip'):
        PackSoftSegInputs()(soft)
    with pytest.raises(ValueError, match='num_classes is 5'):
        SoftLabelResize(**dict(HALF, num_classes=5))(results())
    with pytest.raises(ValueError, match='no positive whole number'):
        SoftLabelFromHiRes(scale=(4, 4), factor=1.5)
    with pytest.raises(ValueError, match="encoding='int8'"):
        SoftLabelResize(**dict(HALF, encoding='int8'))
    with pytest.raises(TypeError, match='num_clases'):
        SoftLabelResize(scale=(4, 4), num_classes=6, num_clases=6)
