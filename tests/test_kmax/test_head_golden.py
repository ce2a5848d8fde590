"""`train.*`: one training step of the whole network."""

import re

import pytest
import torch
from mmengine.config import Config

from mmremax.kmax.losses import pixel_sampler
from mmremax.kmax.published_weights import convert_kmax_key
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import golden_network
from tests.helpers.loss_fixture import (
    as_data_samples,
    golden_noise,
    regions,
)
from tests.helpers.model_fixture import CONFIGS


@pytest.mark.parametrize(
    ('config', 'weights'),
    [
        ('kmax_r50_coco', 'coco_r50'),
        ('kmax_convnext-t_coco', 'coco_convnext_tiny'),
    ],
)
def test_training_step(monkeypatch, config, weights):
    monkeypatch.setattr(pixel_sampler, 'gumbel_noise', golden_noise)
    expected = load_case(f'train.{weights}_65')['expected']
    config = Config.fromfile(CONFIGS / f'kmax/{config}.py')
    model = golden_network(config, weights).train()
    head = model.panoptic_head
    head.loss_insdis.num_samples = head.loss_aux_semantic.num_samples = 64
    feats = model.extract_feat(R('image', (2, 3, 65, 65)))
    predictions, aux_semantic_logits = head.forward_train(feats)
    final = predictions[-1]
    assert_probe(final.class_logits, expected['pred_logits'])
    assert_probe(final.mask_logits, expected['pred_masks'])
    assert_probe(final.pixel_feature, expected['pixel_feature'])
    assert_probe(aux_semantic_logits, expected['aux_semantic_pred'])

    labels = [
        (17 * (torch.arange(count) + 1) + 29 * b) % 133
        for b, count in enumerate((6, 5))
    ]
    segments = regions(17, (4, 5), 7, labels)
    losses = head.loss_by_feat(
        predictions, aux_semantic_logits, as_data_samples(segments)
    )
    # Golden name: ours, and its weight.
    names = dict(
        ce=('loss_cls', 3.0),
        dice=('loss_dice', 3.0),
        mask=('loss_mask', 0.3),
        pixel_insdis=('loss_insdis', 1.0),
        aux_semantic=('loss_aux_semantic', 1.0),
    )
    for key, value in expected['losses_unweighted'].items():
        term, layer = re.fullmatch(r'loss_(\D+?)(?:_(\d+))?', key).groups()
        name, weight = names[term]
        ours = losses[f'd{layer}.{name}' if layer else name]
        assert ours.item() / weight == pytest.approx(value, rel=2e-6), key

    total, _ = model.parse_losses(losses)
    assert total.item() == pytest.approx(expected['weighted_total'], rel=2e-7)
    total.backward()
    parameters = dict(model.named_parameters())
    for key, value in expected['param_grad_l1'].items():
        grad = parameters[convert_kmax_key(key)].grad
        assert grad.abs().sum().item() == pytest.approx(value, rel=1e-5), key
