"""KMaXDeepLab: its three modes, and a step of each kind of config."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmremax.utils.config_edits import remove_pretrained
from tests.helpers.model_fixture import (
    CONFIGS,
    assert_gradients,
    batch_of,
    build_model,
)


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


def test_class_counts_stand_once():
    model = build_model()
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


slow = pytest.mark.slow


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
    """The configs are taken as they are but for the crop."""
    config = Config.fromfile(CONFIGS / f'remax/{name}.py')
    remove_pretrained(config)
    config.model.data_preprocessor.crop_size = (65, 129)
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    losses = model(**batch_of(model, (60, 120), stride, 2), mode='loss')
    total, _ = model.parse_losses(losses)
    assert total.isfinite()
    total.backward()
    assert_gradients(model)
    model.eval()
    with torch.no_grad():
        results = model(**batch_of(model, (60, 120)), mode='predict')
    assert results[0].pred_panoptic_seg.sem_seg.shape == (1, 50, 110)
