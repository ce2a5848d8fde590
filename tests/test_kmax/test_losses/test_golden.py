"""Every `loss.*` case of the golden file."""

import pytest
import torch

from mmremax.kmax.losses import pixel_sampler
from mmremax.kmax.losses.instance_discrimination import (
    InstanceDiscriminationLoss,
)
from mmremax.kmax.losses.mask_loss import MaskLoss
from mmremax.kmax.losses.pq_classification import PQClassificationLoss
from mmremax.kmax.losses.semantic import SemanticLoss
from mmremax.kmax.matcher import KMaXAssigner
from tests.golden import S, load_case
from tests.helpers.loss_fixture import (
    fixture_output,
    fixture_segments,
    golden_noise,
    mask_targets,
)

CLOSE = dict(rel=2e-7)


def semantic_logits(channels=5, side=9):
    return S((2, channels, side, side), 0.29, 0.3, 1.5)


@pytest.fixture(autouse=True)
def closed_form_noise(monkeypatch):
    monkeypatch.setattr(pixel_sampler, 'gumbel_noise', golden_noise)


def targets_of(output, segments=None):
    return KMaXAssigner().assign(output, segments or fixture_segments())


def unweighted(output, targets):
    """The four terms of one output, by their golden names."""
    assigner = KMaXAssigner()
    class_targets = assigner.class_targets(output, targets)
    masks = MaskLoss(dict(type='MaskIdLoss'), dict(type='PQDiceLoss'))(
        output, targets
    )
    contrast = InstanceDiscriminationLoss(20, 1.5)
    return dict(
        loss_ce=PQClassificationLoss()(
            output.class_logits, class_targets, targets
        ),
        loss_dice=masks['loss_dice'],
        loss_mask=masks['loss_mask'],
        loss_pixel_insdis=contrast(output.pixel_feature, targets),
    )


def test_pq_and_mask_id():
    expected = load_case('loss.pq_and_mask_id')['expected']
    output, _ = fixture_output()
    terms = unweighted(output, targets_of(output))
    for key in ('loss_ce', 'loss_mask', 'loss_dice'):
        assert terms[key].item() == pytest.approx(expected[key], **CLOSE)


def test_instance_discrimination():
    expected = load_case('loss.instance_discrimination')['expected']
    output, _ = fixture_output()
    targets = targets_of(output)
    for samples, temperature, key in (
        (81, 1.5, 'all_pixels_k81'),
        (0, 1.5, 'all_pixels_k81'),
        (20, 1.5, 'sampled_k20_temp1p5'),
        (20, 0.6, 'sampled_k20_temp0p6'),
    ):
        contrast = InstanceDiscriminationLoss(samples, temperature)
        value = contrast(output.pixel_feature, targets).item()
        assert value == pytest.approx(expected[key], **CLOSE)
    locations = pixel_sampler.sample_locations(
        targets.inverse_area(), targets.valid, 20, 1.5
    )
    indices = locations.sort(1).values.tolist()
    assert indices == expected['sorted_sample_indices_temp1p5']


@pytest.mark.parametrize(
    ('key', 'samples', 'channels', 'side'),
    [
        ('full_same_res', 0, 5, 9),
        ('full_stride2', 0, 5, 5),
        ('sampled_k20_same_res', 20, 5, 9),
        ('sampled_k10_stride2', 10, 5, 5),
        ('full_stride2_no_void_channel', 0, 4, 5),
    ],
)
def test_aux_semantic(key, samples, channels, side):
    expected = load_case('loss.aux_semantic')['expected']
    output, _ = fixture_output()
    loss = SemanticLoss(samples, 2.0)(
        semantic_logits(channels, side), targets_of(output)
    )
    assert loss.item() == pytest.approx(expected[key], **CLOSE)


@pytest.mark.parametrize(
    ('case', 'num_queries'),
    [
        ('criterion_shared_matching', 6),
        ('criterion_separate_matching', 6),
        ('more_gt_than_queries', 3),
    ],
)
def test_criterion(case, num_queries):
    expected = load_case(f'loss.{case}')['expected']
    outputs = [fixture_output(i, num_queries, True)[0] for i in range(3)]
    semantic = semantic_logits().requires_grad_()
    main = targets_of(outputs[0])
    total = aux = SemanticLoss(20, 2.0)(semantic, main)
    losses = {'loss_aux_semantic': aux}
    for i, output in enumerate(outputs):
        separate = case == 'criterion_separate_matching'
        terms = unweighted(output, targets_of(output) if separate else main)
        suffix = f'_{i - 1}' if i else ''
        losses.update({f'{k}{suffix}': v for k, v in terms.items()})
        total = total + (
            3 * terms['loss_ce']
            + 3 * terms['loss_dice']
            + 0.3 * terms['loss_mask']
            + terms['loss_pixel_insdis']
        )
    for key, value in expected['losses_unweighted'].items():
        assert losses[key].item() == pytest.approx(value, **CLOSE), key
    if case == 'more_gt_than_queries':
        return  # the file has no sum and no gradients of it
    assert total.item() == pytest.approx(expected['weighted_total'], **CLOSE)
    total.backward()
    leaves = {'aux_semantic_pred': semantic}
    for i, output in enumerate(outputs):
        prefix = f'aux{i - 1}.' if i else ''
        leaves[f'{prefix}pred_masks'] = output.mask_logits
        leaves[f'{prefix}pred_logits'] = output.class_logits
        leaves[f'{prefix}pixel_feature'] = output.pixel_feature
    for key, value in expected['grad_l1'].items():
        grad = leaves[key].grad
        assert grad.abs().sum().item() == pytest.approx(value, **CLOSE), key
        first = grad.flatten()[:3].tolist()
        assert first == pytest.approx(
            expected['grad_first3'][key], rel=1e-6, abs=1e-12
        ), key


@pytest.mark.parametrize(
    ('key', 'alpha', 'gamma', 'scale'),
    [
        ('gamma0', 0.75, 0.0, 1),
        ('gamma2', 0.75, 2.0, 1),
        ('alpha_off', None, 0.0, 1),
        ('zero_weights', 0.75, 0.0, 0),
    ],
)
def test_focal_class_term(key, alpha, gamma, scale):
    expected = load_case('loss.focal_class_term')['expected']
    labels = torch.tensor([[0, 4, 1, 4, 2, 3], [4, 4, 0, 4, 1, 2]])
    weight = scale * S((2, 6), 0.7, 0, 1).abs()
    targets = mask_targets(
        torch.full((2, 1), -1),
        (1, 1),
        queries=6,
        labels=labels,
        query_class_weight=weight,
    )
    loss = PQClassificationLoss(alpha, gamma)(
        S((2, 6, 5), 0.91, 0.2, 2),
        torch.nn.functional.one_hot(labels, 5).double(),
        targets,
    )
    assert loss.item() == pytest.approx(expected[key], **CLOSE)
