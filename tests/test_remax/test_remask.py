"""ReMaskLoss: Eq. 1-2 by hand and by loops, gradients, ablations."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmremax.kmax.losses.mask_loss import MaskLoss
from mmremax.kmax.predictor import LayerPrediction
from mmremax.remax.remask import ReMaskLoss, relax, semantic_evidence
from tests.helpers.loss_fixture import mask_targets

PARTS = dict(
    loss_mask=dict(type='MaskIdLoss', activation='sigmoid', loss_weight=0.3),
    loss_dice=dict(type='PQDiceLoss', loss_weight=3.0),
)


def remask(**settings):
    return ReMaskLoss(**PARTS, **settings)


def inputs(batch=2, queries=4, classes=3, height=5, width=7, seed=0):
    """Random logits, and targets with void and an unmatched query."""
    generator = torch.Generator().manual_seed(seed)

    def randn(*shape):
        return torch.randn(batch, *shape, generator=generator).double()

    shape = (batch, height * width)
    query_map = torch.randint(-1, queries - 1, shape, generator=generator)
    labels = torch.tensor([0, 1, 1, classes]).expand(batch, -1)
    classes_there = labels.gather(1, query_map.clamp(min=0))
    weight = torch.rand(batch, queries, generator=generator).double()
    targets = mask_targets(
        query_map,
        (height, width),
        queries,
        semantic_map=torch.where(query_map < 0, -1, classes_there),
        labels=labels,
        query_mask_weight=weight * (labels < classes),
    )
    output = LayerPrediction(
        mask_logits=randn(queries, height, width),
        class_logits=randn(queries, classes + 1),
        pixel_feature=None,
        is_relaxed=True,
        semantic_logits=randn(classes, height, width),
    )
    return output, targets


def relaxed_masks(loss, output, targets):
    """What the mask losses of `loss` get to see."""
    seen = []
    handle = loss.losses.register_forward_pre_hook(
        lambda module, args: seen.append(args[0].mask_logits)
    )
    loss(output, targets)
    handle.remove()
    return seen[0]


def hand_made(void=False):
    """One query, two classes, one location of class 0, or of none."""
    output = LayerPrediction(
        mask_logits=torch.tensor([[[[2.0]]]]),
        class_logits=torch.tensor([[[np.log(3), 0.0, 9.0]]]).float(),
        pixel_feature=None,
        is_relaxed=True,
        semantic_logits=torch.tensor([[[[0.0]], [[-np.log(3)]]]]).float(),
    )
    index = torch.tensor([[-1 if void else 0]])
    return output, mask_targets(index, (1, 1), queries=1)


def test_the_equations_by_hand():
    """Eq. 1 and 2 written out.

    p = (ln 3, 0), sigma(p) = (3/4, 1/2); m_sem = (0, -ln 3),
    sigma(m_sem) = (1/2, 1/4). m_hat = 1/2 * 3/4 + 1/4 * 1/2 = 1/2.
    m_pan = 2 gives m_tilde = 2 + 1/2 * 2 = 3; without identity 1; with a
    gain of 3, 2 + 3 * 1/2 * 2 = 5.
    """
    m_hat = semantic_evidence(
        torch.tensor([[[0.5], [0.25]]]), torch.tensor([[[0.75, 0.5]]])
    )
    assert m_hat.tolist() == [[[0.5]]]
    m_pan = torch.tensor([[[2.0]]])
    assert relax(m_pan, m_hat).item() == 3
    assert relax(m_pan, m_hat, identity=False).item() == 1
    assert relax(m_pan, m_hat, gain=3.0).item() == 5


def test_by_hand():
    """The no_object logit (9) takes no part; on void nothing is relaxed."""

    def relaxed(void=False, **settings):
        return relaxed_masks(remask(**settings), *hand_made(void)).item()

    assert relaxed() == pytest.approx(3)
    assert relaxed(identity=False) == pytest.approx(1)
    assert relaxed(void=True) == 2
    # Softmax: p -> e^(ln 3, 0, 9) normalised, m_sem -> (3/4, 1/4).
    total = 3 + 1 + np.exp(9)
    m_hat = 0.75 * 3 / total + 0.25 * 1 / total
    soft = relaxed(activation='softmax')
    assert soft == pytest.approx(2 + 2 * m_hat, rel=1e-6)
    # Softmax of p alone: the semantic prediction stays (1/2, 1/4).
    m_hat = 0.5 * 3 / total + 0.25 * 1 / total
    mixed = relaxed(class_activation='softmax')
    assert mixed == pytest.approx(2 + 2 * m_hat, rel=1e-6)


def test_equals_a_slow_oracle():
    output, targets = inputs()
    found = relaxed_masks(remask(), output, targets)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    for b, q, y, x in np.ndindex(2, 4, 5, 7):
        m_hat = sum(
            sigmoid(output.semantic_logits[b, c, y, x].item())
            * sigmoid(output.class_logits[b, q, c].item())
            for c in range(3)
        )
        m_hat *= targets.semantic_map[b, 7 * y + x].item() >= 0
        m = output.mask_logits[b, q, y, x].item()
        assert found[b, q, y, x].item() == pytest.approx(
            m + m_hat * m, rel=1e-12
        )


@pytest.mark.parametrize('size', [(5, 7), (5, 8), (6, 7)])
def test_semantic_logits_are_resized_before_the_sigmoid(size):
    """The height decides whether corners align."""
    output, targets = inputs(height=size[0], width=size[1])
    coarse = torch.randn(2, 3, 3, 4).double()
    fine = torch.nn.functional.interpolate(
        coarse, size, mode='bilinear', align_corners=size[0] % 2 == 1
    )
    found = [
        remask().m_hat(replace(output, semantic_logits=logits), targets)
        for logits in (coarse, fine)
    ]
    assert torch.equal(*found)


def total_of(terms):
    return terms['loss_mask'] + terms['loss_dice']


def gradients(loss):
    output, targets = inputs()
    leaves = [
        getattr(output, f'{name}_logits').requires_grad_()
        for name in ('mask', 'class', 'semantic')
    ]
    total = total_of(loss(output, targets))
    return torch.autograd.grad(total, leaves, allow_unused=True)


@pytest.mark.parametrize('asked', [{}, dict(stop_gradient=False)])
def test_gradient_reaches_m_hat_only_if_asked_for(asked):
    mask_grad, *others = gradients(remask(**asked))
    assert mask_grad.abs().sum() > 0
    for grad in others:
        assert grad.abs().sum() > 0 if asked else grad is None


def test_gradient_of_the_mask_by_differences():
    """D m_tilde / d m_pan = 1 + m_hat, through both losses."""
    output, targets = inputs(1, 4, 3, 2, 3)
    assert torch.autograd.gradcheck(
        lambda m: total_of(remask()(replace(output, mask_logits=m), targets)),
        output.mask_logits.requires_grad_(),
    )


def test_only_marked_outputs_are_relaxed():
    output, targets = inputs()
    plain = MaskLoss(**PARTS)(output, targets)
    unmarked = remask()(replace(output, is_relaxed=False), targets)
    assert unmarked.keys() == plain.keys()
    assert all(torch.equal(unmarked[key], plain[key]) for key in plain)
    relaxed = remask()(output, targets)
    assert not torch.equal(relaxed['loss_mask'], plain['loss_mask'])


def test_ground_truth_masking():
    """m_hat becomes sigma(p) of the location's class, 0 on void."""
    output, targets = inputs()
    output.semantic_logits = None
    found = relaxed_masks(remask(source='ground_truth'), output, targets)
    factor = torch.ones_like(output.mask_logits).flatten(2)
    for b in range(2):
        for p, label in enumerate(targets.semantic_map[b].tolist()):
            if label >= 0:
                factor[b, :, p] += output.class_logits[b, :, label].sigmoid()
    wanted = output.mask_logits * factor.view_as(output.mask_logits)
    torch.testing.assert_close(found, wanted)


def test_a_relaxed_output_without_semantics_is_refused():
    output, targets = inputs()
    output.semantic_logits = None
    with pytest.raises(ValueError, match='add semantic_head=dict'):
        remask()(output, targets)


def test_controls():
    """No gain is no relaxing; the mean scales an image by one number."""
    output, targets = inputs()
    off = relaxed_masks(remask(gain=0.0), output, targets)
    assert torch.equal(off, output.mask_logits)
    m_hat = output.class_logits.sigmoid()[:, :, :-1]
    m_hat = m_hat @ output.semantic_logits.sigmoid().flatten(2)
    known = (targets.semantic_map >= 0)[:, None]
    scale = 1 + m_hat.mean((1, 2), keepdim=True) * known
    mean = relaxed_masks(remask(source='mean'), output, targets)
    wanted = output.mask_logits.flatten(2) * scale
    torch.testing.assert_close(mean.flatten(2), wanted)


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('activation', 'relu'),
        ('class_activation', 'relu'),
        ('source', 'paper'),
    ],
)
def test_bad_settings(key, value):
    with pytest.raises(ValueError, match=value):
        remask(**{key: value})
