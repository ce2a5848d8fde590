"""Soft labels through mmseg's pipelines."""

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmremax.soft_label.target import SoftTarget
from mmremax.soft_label.transforms import PackSoftSegInputs, SoftLabelResize
from tests.helpers.soft_labels import dense_fractions, dense_target

SIZE = (24, 32)
HALF = dict(scale=(16, 12), num_classes=6)
ERROR = 1 / 510 + 1e-6  # of a code


def results():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 6, SIZE).astype(np.uint8)
    label[rng.random(SIZE) < 0.1] = 255
    image = rng.integers(0, 255, (*SIZE, 3)).astype(np.uint8)
    sample = dict(img=image, gt_seg_map=label, seg_fields=['gt_seg_map'])
    return dict(sample, img_shape=SIZE, ori_shape=SIZE)


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
    settings = dict(backend=backend, interpolation=interpolation)
    resize = SoftLabelResize(**HALF, **settings)
    assert resize.label_kernel == kernel
    inputs = results()
    soft = resize(dict(inputs))['gt_soft_seg'].transpose(2, 0, 1) / 255
    expected = dense_fractions(inputs['gt_seg_map'], (12, 16), kernel, 6)
    np.testing.assert_allclose(soft, expected, atol=ERROR)


@pytest.mark.parametrize('encoding', ['uint8', 'topk'])
def test_packed_samples_decode_to_the_fractions(encoding):
    inputs = results()
    settings = dict(encoding=encoding, label_kernel='area', topk=6)
    resize = SoftLabelResize(**HALF, **settings)
    sample = PackSoftSegInputs()(resize(dict(inputs)))
    target = SoftTarget.of_samples([sample['data_samples']], 6)
    expected = dense_fractions(inputs['gt_seg_map'], (12, 16), 'area', 6)
    found = dense_target(target, 6)[0]
    np.testing.assert_allclose(found, expected, atol=ERROR)


def test_the_hard_map_is_that_of_mmseg():
    soft = SoftLabelResize(**HALF)(results())
    hard = TRANSFORMS.build(dict(type='Resize', scale=(16, 12)))(results())
    np.testing.assert_array_equal(soft['gt_seg_map'], hard['gt_seg_map'])
    np.testing.assert_array_equal(soft['img'], hard['img'])
    assert soft['img_shape'] == hard['img_shape']


def test_softening_commutes_with_flip_and_aligned_crop():
    resize = SoftLabelResize(**HALF, label_kernel='area')
    for direction in ('horizontal', 'vertical'):
        flip = dict(type='RandomFlip', prob=1.0, direction=direction)
        flip = TRANSFORMS.build(flip)
        one = flip(resize(results()))['gt_soft_seg']
        other = resize(flip(results()))['gt_soft_seg']
        np.testing.assert_array_equal(one, other)
    whole = resize(results())
    part = results()
    for key in ('img', 'gt_seg_map'):
        part[key] = part[key][4:20, 8:24]
    part['img_shape'] = (16, 16)
    resize = SoftLabelResize(**dict(HALF, scale=(8, 8)), label_kernel='area')
    np.testing.assert_array_equal(
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
    assert (soft.max(2) == 255 * known).all()


def test_enlarging_softens_on_demand():
    double = dict(HALF, scale=(64, 48))
    for soften in (True, False):
        resize = SoftLabelResize(**double, soften_upscale=soften)
        soft = resize(results())['gt_soft_seg']
        assert ((soft > 0) & (soft < 255)).any() == soften


def test_random_resize_takes_it():
    resize = dict(type='RandomResize', scale=(32, 24), ratio_range=(0.3, 0.8))
    resize |= dict(resize_type='SoftLabelResize', num_classes=6)
    resize = TRANSFORMS.build(dict(resize, keep_ratio=True))
    sample = PackSoftSegInputs()(resize(results()))
    size = sample['data_samples'].gt_soft_seg.shape
    assert size == sample['inputs'].shape[1:]


def test_mistakes_of_samples_are_named():
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


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(interpolation='nearest'), "interpolation 'nearest' of cv2"),
        (dict(encoding='float16'), "encoding='float16'"),
        (dict(num_classes=256, encoding='topk'), '256 classes: use'),
        (dict(label_kernel='box'), "label_kernel='box' is neither"),
        (dict(num_clases=6), 'num_clases'),
    ],
)
def test_mistakes_of_settings_are_named(settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        SoftLabelResize(**HALF | settings)
