"""The data configs load, build and can be overridden by a recipe."""

from pathlib import Path

import pytest
from mmdet.registry import DATASETS, METRICS
from mmengine.config import Config

FOLDER = Path(__file__).parents[2] / 'configs/_base_/datasets'
SIZES = dict(
    coco_panoptic=(1281, 1281),
    coco_panoptic_sample=(1281, 1281),
    shapes_panoptic=(129, 129),
    cityscapes_panoptic=(1025, 2049),
    ade20k_panoptic=(1281, 1281),
)


@pytest.mark.parametrize('name', SIZES)
def test_pipelines_agree_with_the_image_size(name: str) -> None:
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


def test_a_recipe_changes_one_transform(tmp_path: Path) -> None:
    """As the docstring of coco_panoptic.py shows it."""
    recipe = tmp_path / 'recipe.py'
    recipe.write_text(
        f"""_base_ = ['{FOLDER}/coco_panoptic.py']
train_pipeline = [
    dict(t, scale_range=(0.3, 1.7))
    if t['type'] == 'RandomScaleCrop'
    else t
    for t in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
"""
    )
    base = Config.fromfile(FOLDER / 'coco_panoptic.py')
    changed = Config.fromfile(recipe).train_dataloader.dataset.pipeline
    before = base.train_dataloader.dataset.pipeline
    assert [t['type'] for t in changed] == [t['type'] for t in before]
    assert [a != b for a, b in zip(before, changed, strict=True)].count(1) == 1
    assert changed[2]['scale_range'] == (0.3, 1.7)
    assert before[2]['scale_range'] == (0.2, 2.0)


def test_shapes_config_reads_the_shapes(shapes_root: Path) -> None:
    config = Config.fromfile(FOLDER / 'shapes_panoptic.py')
    for loader, count in (('train', 8), ('val', 4)):
        dataset = config[f'{loader}_dataloader'].dataset
        data = DATASETS.build(dict(dataset, data_root=str(shapes_root)))
        assert len(data) == count
        assert len(data.metainfo['thing_classes']) == 6
        assert len(data.metainfo['stuff_classes']) == 4
        height, width = data[0]['inputs'].shape[1:]
        assert max(height, width) <= 129
