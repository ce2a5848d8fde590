"""The data configs load, build and can be overridden by a recipe."""

from pathlib import Path

import pytest
from mmdet.registry import DATASETS, METRICS
from mmengine.config import Config

from mmremax.datasets.annotation_file import metainfo_of
from mmremax.datasets.conversion import ade20k, cityscapes
from mmremax.evaluation import (
    CityscapesAPMetric,
    InstanceAPMetric,
    PanopticQualityMetric,
)
from mmremax.kmax.published_weights import PUBLISHED_ORDERS
from mmremax.utils.config_edits import set_data_root

CONFIGS = Path(__file__).parents[2] / 'configs'
FOLDER = CONFIGS / '_base_/datasets'
SIZES = dict(
    coco_panoptic=(1281, 1281),
    shapes_panoptic=(129, 129),
    cityscapes_panoptic=(1025, 2049),
    ade20k_panoptic=(1281, 1281),
)


@pytest.mark.parametrize('name', SIZES)
def test_pipelines_agree_with_the_image_size(name):
    config = Config.fromfile(FOLDER / f'{name}.py')
    train = config.train_dataloader.dataset.pipeline
    test = config.test_dataloader.dataset.pipeline
    size = SIZES[name]
    crop = next(t for t in train if t['type'] == 'RandomScaleCrop')
    resize = next(t for t in test if t['type'] == 'ResizeShortestSide')
    assert crop['crop_size'] == size
    assert (resize['short_side'], resize['long_side']) == size
    assert config.val_dataloader == config.test_dataloader
    assert config.val_evaluator == config.test_evaluator
    for loader in (config.train_dataloader, config.val_dataloader):
        data = DATASETS.build(dict(loader.dataset, lazy_init=True))
        assert data.data_root == config.data_root
    METRICS.build(config.val_evaluator)


def test_the_crop_changes_in_one_place():
    """As the docstring of coco_panoptic.py shows it."""
    recipe = f"""_base_ = ['{FOLDER}/coco_panoptic.py']
train_pipeline = [
    dict(step, crop_size=(641, 641))
    if step['type'] == 'RandomScaleCrop'
    else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
"""
    recipe = Config.fromstring(recipe, '.py')
    base = Config.fromfile(FOLDER / 'coco_panoptic.py')
    changed = recipe.train_dataloader.dataset.pipeline
    before = base.train_dataloader.dataset.pipeline
    assert [t['type'] for t in changed] == [t['type'] for t in before]
    assert [a != b for a, b in zip(before, changed, strict=True)].count(1) == 1
    assert changed[2]['crop_size'] == (641, 641)
    pasted = next(t for t in changed if t['type'] == 'PanopticCopyPaste')
    crop = next(t for t in pasted.pipeline if t['type'] == 'RandomScaleCrop')
    assert 'crop_size' not in crop


@pytest.mark.parametrize(
    ('path', 'scales', 'colours'),
    [
        ('kmax/kmax_r50_coco.py', (0.2, 2.0), 'SSDColorJitter'),
        ('kmax/kmax_r50_coco_50k.py', (0.3, 1.7), 'AutoAugmentColor'),
        ('remax/remax_r50_coco.py', (0.3, 1.7), 'AutoAugmentColor'),
        ('studies/_base_/kmax_mnv3-s_shapes.py', (0.8, 1.4), 'SSDColorJitter'),
    ],
)
def test_recipes_augment_as_they_say(path, scales, colours):
    """The pasted image goes through the same steps at half the scale."""
    config = Config.fromfile(CONFIGS / path)
    steps = {t['type']: t for t in config.train_dataloader.dataset.pipeline}
    assert steps['RandomScaleCrop']['scale_range'] == scales
    assert colours in steps
    if path.startswith('studies'):
        assert 'PanopticCopyPaste' not in steps
        return
    pasted = {t['type']: t for t in steps['PanopticCopyPaste']['pipeline']}
    assert list(pasted) == list(steps)[: len(pasted)]
    low, high = scales
    assert pasted['RandomScaleCrop']['scale_range'] == (low / 2, high / 2)


@pytest.mark.parametrize('name', SIZES)
def test_one_evaluation_gives_all_scores(name):
    """As the docstring of coco_panoptic.py shows it; paths follow."""
    recipe = f"""_base_ = ['{FOLDER}/{name}.py']
test_evaluator = [
    _base_.test_evaluator,
    _base_.instance_evaluator,
    _base_.semantic_evaluator,
]
"""
    config = Config.fromstring(recipe, '.py')
    set_data_root(config, '/elsewhere')
    panoptic, instance, semantic = map(METRICS.build, config.test_evaluator)
    assert isinstance(panoptic, PanopticQualityMetric)
    official = name == 'cityscapes_panoptic'
    assert isinstance(instance, CityscapesAPMetric) == official
    assert isinstance(instance, InstanceAPMetric) != official
    paths = dict(
        coco_panoptic='/elsewhere/annotations/instances_val2017.json',
        ade20k_panoptic='/elsewhere/annotations/validation',
    )
    found = {getattr(instance, 'ann_file', None), semantic.label_dir}
    assert found == {None, paths.get(name)}


def test_labels_are_in_the_order_of_converted_checkpoints():
    """Published class rows are reordered to what the data set makes."""
    for categories in (cityscapes.CATEGORIES, ade20k.CATEGORIES):
        order = metainfo_of(categories)['category_ids']
        assert order == PUBLISHED_ORDERS[len(categories)]
