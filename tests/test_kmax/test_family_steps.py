"""One training step and one prediction of the family's models, small input.

The configs are taken as they are but for the crop.
"""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.model_fixture import CONFIGS, assert_gradients, batch_of

HEIGHT, WIDTH = 65, 129
slow = pytest.mark.slow


def build(name: str) -> nn.Module:
    config = Config.fromfile(CONFIGS / f'remax/{name}.py')
    remove_pretrained(config)
    config.model.data_preprocessor.crop_size = (HEIGHT, WIDTH)
    init_default_scope('mmdet')
    return MODELS.build(config.model)


@pytest.mark.parametrize(
    ('name', 'stride'),
    [
        ('remax_mnv3-s_cityscapes', 2),
        pytest.param('remax_r50_cityscapes', 4, marks=slow),
        pytest.param('remax_r50_ade20k', 4, marks=slow),
        pytest.param('remax_convnext-t_coco', 4, marks=slow),
        pytest.param('remax_axial-r50_coco', 4, marks=slow),
    ],
)
def test_one_step(name: str, stride: int) -> None:
    torch.manual_seed(0)
    model = build(name)
    losses = model(**batch_of(model, (60, 120), stride, 2), mode='loss')
    total, _ = model.parse_losses(losses)
    assert total.isfinite()
    total.backward()
    assert_gradients(model)
    model.eval()
    with torch.no_grad():
        results = model(**batch_of(model, (60, 120)), mode='predict')
    assert results[0].pred_panoptic_seg.sem_seg.shape == (1, 50, 110)
