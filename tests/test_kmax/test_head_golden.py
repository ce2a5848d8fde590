"""`train.*`: one training step of the whole network."""

import pytest
import torch

from mmremax.kmax.losses import pixel_sampler
from mmremax.kmax.published_weights import convert_kmax_key
from mmremax.kmax.segments import BatchSegments
from tests.golden import R, assert_probe, load_case
from tests.helpers.loss_fixture import as_data_samples, golden_noise
from tests.helpers.model_fixture import golden_model


def golden_segments():
    y = torch.arange(17)[:, None] // 4
    x = torch.arange(17)[None] // 5
    region = torch.stack([(y + 2 * x + b) % 7 for b in range(2)])
    counts = torch.tensor([6, 5])
    labels = [
        (17 * (torch.arange(count) + 1) + 29 * b) % 133
        for b, count in enumerate(counts)
    ]
    segment_map = torch.where(region < counts[:, None, None], region, -1)
    return BatchSegments(segment_map, labels)


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
    model = golden_model(config, weights).train()
    head = model.panoptic_head
    head.loss_insdis.num_samples = head.loss_aux_semantic.num_samples = 64
    feats = model.extract_feat(R('image', (2, 3, 65, 65)))
    predictions, aux_semantic_logits = head.forward_train(feats)
    final = predictions[-1]
    assert_probe(final.class_logits, expected['pred_logits'])
    assert_probe(final.mask_logits, expected['pred_masks'])
    assert_probe(final.pixel_feature, expected['pixel_feature'])
    assert_probe(aux_semantic_logits, expected['aux_semantic_pred'])

    losses = head.loss_by_feat(
        predictions, aux_semantic_logits, as_data_samples(golden_segments())
    )
    weights = dict(ce=3.0, dice=3.0, mask=0.3, pixel_insdis=1.0)
    names = dict(
        ce='loss_cls',
        dice='loss_dice',
        mask='loss_mask',
        pixel_insdis='loss_insdis',
    )
    for key, value in expected['losses_unweighted'].items():
        if key == 'loss_aux_semantic':
            ours, weight = losses[key], 1.0
        else:
            term, _, layer = key.removeprefix('loss_').rpartition('_')
            if not layer.isdigit():
                term, layer = key.removeprefix('loss_'), None
            prefix = '' if layer is None else f'd{layer}.'
            ours, weight = losses[prefix + names[term]], weights[term]
        assert ours.item() / weight == pytest.approx(value, rel=2e-6), key

    total, _ = model.parse_losses(losses)
    assert total.item() == pytest.approx(expected['weighted_total'], rel=2e-7)
    total.backward()
    parameters = dict(model.named_parameters())
    for key, value in expected['param_grad_l1'].items():
        grad = parameters[convert_kmax_key(key)].grad
        assert grad.abs().sum().item() == pytest.approx(value, rel=1e-5), key
