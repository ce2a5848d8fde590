"""Every backbone of the family exports, and does what it did."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmremax.export import export_model
from mmremax.export.check import check_images
from mmremax.inference import Predictor
from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.model_fixture import CONFIGS

NAMES = (
    'remax-t_mnv3-s_coco',
    'remax-s_mnv3-l_coco',
    'remax_lite0_coco',
    'remax-m_r50_coco',
    'remax_axial-r50_coco',
    'remax_convnext-t_coco',
)


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
def test_exports(name, tmp_path):
    config = Config.fromfile(CONFIGS / f'remax/{name}.py')
    remove_pretrained(config)
    config.model.data_preprocessor.crop_size = (129, 161)
    config.test_dataloader.dataset.pipeline[1].update(
        short_side=129, long_side=161
    )
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    model.cfg = config
    model.dataset_meta = dict(
        classes=[f'class {i}' for i in range(model.num_classes)],
        palette=[(i, i, i) for i in range(model.num_classes)],
    )
    predictor = Predictor(model)
    check = export_model(predictor, tmp_path, check_images(model))
    assert check.is_equal
