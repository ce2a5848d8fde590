"""Whole networks against the published code, stage by stage."""

import pytest
import torch
from torch import nn

from mmremax.models.layers import is_odd, resize_like_kmax
from tests.golden import GOLDEN_DIR, R, assert_probe, load_case
from tests.golden.fill import fill_model
from tests.networks import Decoders, Network

KEYS = GOLDEN_DIR / 'kmax_r50_coco_keys.txt'


@pytest.fixture(scope='module')
def coco_r50():
    return fill_model(Network(num_classes=133))


@pytest.mark.parametrize(('case', 'side'), [('65', 65), ('64_even', 64)])
@torch.no_grad()
def test_coco_r50(coco_r50, case, side):
    expected = load_case(f'module.model_coco_r50_{case}')['expected']
    head = coco_r50.panoptic_head
    feats = coco_r50.backbone(R('image', (1, 3, side, side)))
    for name, feat in zip(expected['backbone'], feats, strict=True):
        assert_probe(feat, expected['backbone'][name], name=name)
    memories, mask_feature = head.pixel_decoder(feats)
    for stage, memory in enumerate(memories):
        assert_probe(memory, expected['multi_scale'][stage], name=f'{stage}')
    assert_probe(mask_feature, expected['panoptic_feature'])

    predictions = head.transformer_decoder(memories, mask_feature)
    size = predictions[-1].mask_logits.shape[-2:]
    for prediction, probes in zip(
        predictions, [*expected['aux_outputs'], expected], strict=True
    ):
        masks, pixels = (
            resize_like_kmax(x, size, is_odd(size[0]))
            for x in (prediction.mask_logits, prediction.pixel_feature)
        )
        assert_probe(prediction.class_logits, probes['pred_logits'])
        assert_probe(masks, probes['pred_masks'])
        assert_probe(pixels, probes['pixel_feature'])
    aux = head.auxiliary_semantic_head(feats)
    assert_probe(aux, expected['aux_semantic_pred'])


@torch.no_grad()
def test_float32_is_near(coco_r50):
    feats = coco_r50.backbone(R('image', (1, 3, 65, 65)))
    expected = load_case('module.model_coco_r50_65')['expected']
    model = Network().panoptic_head.eval()
    model.load_state_dict(coco_r50.panoptic_head.state_dict())
    final = model([feat.float() for feat in feats])[-1]
    assert_probe(final.class_logits, expected['pred_logits'], 1e-3, 1e-4)
    assert_probe(final.mask_logits, expected['pred_masks'], 1e-3, 1e-4)


def num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ('name', 'num_classes'), [('coco_resnet50', 133), ('ade20k_resnet50', 150)]
)
def test_parameter_counts(name, num_classes):
    with torch.device('meta'):
        model = Network(num_classes)
    head = model.panoptic_head
    counts = {
        'backbone': num_parameters(model.backbone),
        'pixel_decoder': num_parameters(head.pixel_decoder),
        'transformer_decoder': num_parameters(head.transformer_decoder),
        'aux_semantic': num_parameters(head.auxiliary_semantic_head),
        'total': num_parameters(model),
    }
    counts['total_without_aux'] = counts['total'] - counts['aux_semantic']
    assert counts == load_case('model.parameter_counts')['expected'][name]


def test_checkpoint_format_is_frozen():
    """Renaming one of these keys breaks every checkpoint in the world."""
    with torch.device('meta'):
        state_dict = Decoders(num_classes=133).state_dict()
    keys = [
        f'panoptic_head.{key}'
        for key in state_dict
        if not key.endswith('num_batches_tracked')
    ]
    frozen = KEYS.read_text().split()
    assert set(keys) - set(frozen) == set()
    assert set(frozen) - set(keys) == set()
