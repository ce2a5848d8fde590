"""KMaXDeepLab: outputs of the three modes."""

import pytest
import torch

from tests.helpers.model_fixture import batch_of, build_model


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
