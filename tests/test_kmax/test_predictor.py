import pytest
import torch

from mmremax.kmax.predictor import KMaXPredictor, no_object_bias
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module

FIELDS = ('class_logits', 'mask_logits', 'pixel_feature')


@pytest.mark.parametrize('mode', ['eval', 'train_batch_statistics'])
def test_golden(mode):
    predictor = KMaXPredictor(32, num_classes=6)
    predictor = fill_module(predictor, 'module.predictor_eval', 'pred')
    predictor.train(mode != 'eval')
    expected = load_case(f'module.predictor_{mode}')['expected']
    prediction = predictor(
        R('cls_emb', (2, 256, 5)),
        R('mask_emb', (2, 256, 5)),
        R('pix', (2, 32, 4, 6)),
    )
    for field in FIELDS:
        assert_probe(getattr(prediction, field), expected[field], name=field)
    if mode != 'eval':
        norm = predictor.mask_norm
        assert norm.running_mean.item() == pytest.approx(
            expected['running_mean_after_mask_bn']
        )
        assert norm.running_var.item() == pytest.approx(
            expected['running_var_after_mask_bn']
        )


def test_no_object_bias_golden():
    for logits, value in load_case('model.void_bias')['expected'].items():
        assert no_object_bias(int(logits) - 1) == pytest.approx(value)


def test_initial_values():
    predictor = KMaXPredictor(8, num_classes=4, embed_dims=16)
    state = predictor.state_dict()
    assert state['mask_norm.weight'].item() == pytest.approx(0.1)
    assert state['mask_head.norm.weight'].eq(1).all()
    assert state['pixel_head.project.norm.weight'].eq(1).all()
    for head in ('class_head', 'pixel_head.project.conv'):
        assert 0 < state[f'{head}.weight'].abs().max() <= 0.02
        assert state[f'{head}.bias'].eq(0).all()
    query = torch.zeros(1, 16, 3)
    prediction = predictor(query, query, torch.randn(1, 8, 2, 2))
    prob = prediction.class_logits.softmax(-1)
    torch.testing.assert_close(prob[..., -1], torch.full((1, 3), 0.9))
    assert not any('no_object' in key for key in state)


def test_pixel_feature_has_unit_length():
    predictor = KMaXPredictor(8, num_classes=4, embed_dims=16)
    query = torch.randn(2, 16, 3)
    with torch.autocast('cpu', torch.bfloat16):
        prediction = predictor(query, query, torch.randn(2, 8, 5, 4))
    length = prediction.pixel_feature.norm(dim=1)
    assert length.dtype == torch.float32
    torch.testing.assert_close(length, torch.ones_like(length))
