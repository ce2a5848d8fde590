"""Data sets that several metrics score."""

from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmremax.datasets import PanopticDataset
from mmremax.datasets.conversion.cityscapes import convert_cityscapes
from tests.helpers.original_layouts import write_cityscapes

CONFIGS = Path(__file__).parents[2] / 'configs/_base_/datasets'


@pytest.fixture
def shapes(shapes_root):
    return PanopticDataset(
        'annotations/panoptic_train.json',
        str(shapes_root),
        dict(img='train/', seg='annotations/panoptic_train/'),
        test_mode=True,
    )


@pytest.fixture
def cityscapes(tmp_path):
    write_cityscapes(tmp_path, ('val',))
    list(convert_cityscapes(tmp_path, 'val', tmp_path))
    init_default_scope('mmdet')
    config = Config.fromfile(CONFIGS / 'cityscapes_panoptic.py')
    return DATASETS.build(
        dict(config.val_dataloader.dataset, data_root=str(tmp_path))
    )
