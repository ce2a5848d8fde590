"""One training step and one prediction of the family's models, small input.

The configs are taken as they are but for the crop.
"""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from torch import nn

from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.model_fixture import CONFIGS

HEIGHT, WIDTH = 65, 129
slow = pytest.mark.slow


def build(name: str) -> nn.Module:
    config = Config.fromfile(CONFIGS / f'remax/{name}.py')
    remove_pretrained(config)
    config.model.data_preprocessor.crop_size = (HEIGHT, WIDTH)
    init_default_scope('mmdet')
    return MODELS.build(config.model)


def batch(model: nn.Module, stride: int) -> dict:
    """Two images, smaller than the crop, of three segments each."""
    samples = []
    for _ in range(2):
        size = dict(ori_shape=(50, 100), img_shape=(60, 120), img_path='x')
        sample = DetDataSample(metainfo=size)
        sample.gt_segments = InstanceData(labels=torch.tensor([1, 9, 12]))
        locations = torch.full((1, -(-60 // stride), -(-120 // stride)), -1)
        for i in range(3):
            locations[:, :, i * 40 // stride : (i * 40 + 30) // stride] = i
        sample.gt_segment_map = PixelData(data=locations.to(torch.int16))
        samples.append(sample)
    images = [torch.randint(0, 256, (3, 60, 120)).byte() for _ in range(2)]
    return model.data_preprocessor(dict(inputs=images, data_samples=samples))


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
    losses = model(**batch(model, stride), mode='loss')
    total, _ = model.parse_losses(losses)
    assert total.isfinite()
    total.backward()
    missing = [
        key
        for key, parameter in model.named_parameters()
        if parameter.grad is None
    ]
    assert not missing
    model.eval()
    with torch.no_grad():
        results = model(**batch(model, stride), mode='predict')
    assert results[0].pred_panoptic_seg.sem_seg.shape == (1, 50, 100)
