"""KMaXDeepLab: its three modes, and a step of each kind of config."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData

from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.model_fixture import CONFIGS, assert_trains, build_model


def batch_of(model, size, stride=4, batch=1):
    """Images smaller than the crop, of three segments with void between.

    The original is smaller by 10; `stride` is that of the segment map.
    """
    original = tuple(side - 10 for side in size)
    height, width = (-(-side // stride) for side in size)
    locations = torch.full((1, height, width), -1, dtype=torch.int16)
    for i in range(3):
        locations[:, :, width * i // 3 : width * (3 * i + 2) // 9] = i
    samples = [
        DetDataSample(
            metainfo=dict(img_shape=size, ori_shape=original, img_path='x'),
            gt_segments=InstanceData(labels=torch.tensor([1, 2, 4])),
            gt_segment_map=PixelData(data=locations),
        )
        for _ in range(batch)
    ]
    images = [torch.randint(0, 256, (3, *size)).byte() for _ in samples]
    return model.data_preprocessor(dict(inputs=images, data_samples=samples))


def test_loss_and_predict():
    results = dict(semantic_on=True, instance_on=True, thing_threshold=0.0)
    model = build_model(with_remax=True, test_cfg=results)
    losses = model(**batch_of(model, (52, 65)), mode='loss')
    assert 'd0.loss_semantic' in losses
    with torch.no_grad():
        (sample,) = model.eval()(**batch_of(model, (52, 65)), mode='predict')
    assert sample.pred_panoptic_seg.sem_seg.shape == (1, 42, 55)
    assert sample.pred_sem_seg.sem_seg.shape == (1, 42, 55)
    assert sample.pred_instances.masks.shape[1:] == (42, 55)
    # The class counts stand once in the config.
    assert model.num_classes == model.panoptic_head.num_classes == 5
    head, fusion = model.panoptic_head, model.panoptic_fusion_head
    assert head.num_things_classes == fusion.num_things_classes == 3
    assert head.transformer_decoder.predictor.class_head.out_channels == 6


@pytest.mark.parametrize(
    'way', ['trace', pytest.param('compile', marks=pytest.mark.slow)]
)
@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
@torch.no_grad()
def test_tensor_mode_is_traceable(way):
    """For other images than the traced one, and without a graph break."""
    model = build_model().eval().requires_grad_(False)

    def run(x):
        return model(x, mode='tensor')

    x, other = torch.randn(2, 1, 3, 65, 65)
    if way == 'trace':
        traced = torch.jit.trace(run, x)
    else:
        traced = torch.compile(run, fullgraph=True, backend='eager')
    torch.testing.assert_close(traced(other), run(other))


SLOW = ('r50_cityscapes', 'r50_ade20k', 'convnext-t_coco', 'axial-r50_coco')


@pytest.mark.parametrize(
    ('name', 'stride'),
    [('mnv3-s_cityscapes', 2)]
    + [pytest.param(name, 4, marks=pytest.mark.slow) for name in SLOW],
)
def test_one_step(name: str, stride: int) -> None:
    """The configs are taken as they are but for the crop."""
    config = Config.fromfile(CONFIGS / f'remax/remax_{name}.py')
    remove_pretrained(config)
    config.model.data_preprocessor.crop_size = (65, 129)
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    losses = model(**batch_of(model, (60, 120), stride, 2), mode='loss')
    assert_trains(model, losses)
    model.eval()
    with torch.no_grad():
        results = model(**batch_of(model, (60, 120)), mode='predict')
    assert results[0].pred_panoptic_seg.sem_seg.shape == (1, 50, 110)
