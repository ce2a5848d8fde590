"""ReMaskLoss: Eq. 1-2 by hand and by loops, gradients, ablations."""

import numpy as np
import pytest
import torch

from mmremax.kmax.losses.mask_loss import MaskLoss
from mmremax.kmax.targets import MaskTargets
from mmremax.remax.remask import ReMaskLoss

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
        return torch.randn(*shape, generator=generator).double()

    cells = height * width
    query_map = torch.randint(
        -1, queries - 1, (batch, cells), generator=generator
    )
    labels = torch.tensor([0, 1, 1, classes]).expand(batch, -1)
    semantic_map = torch.where(
        query_map < 0, -1, labels.gather(1, query_map.clamp(min=0))
    )
    targets = MaskTargets(
        query_map=query_map,
        semantic_map=semantic_map,
        labels=labels,
        class_weight=torch.rand(batch, queries, generator=generator).double(),
        mask_weight=torch.rand(batch, queries, generator=generator).double()
        * (labels < classes),
        size=(height, width),
    )
    return (
        randn(batch, queries, height, width),
        randn(batch, queries, classes + 1),
        randn(batch, classes, height, width),
        targets,
    )


def test_by_hand():
    """One query, two classes, one cell: Eq. 1 and 2 written out.

    p = (ln 3, 0), sigma(p) = (3/4, 1/2); m_sem = (0, -ln 3),
    sigma(m_sem) = (1/2, 1/4). m_hat = 1/2 * 3/4 + 1/4 * 1/2 = 1/2.
    m_pan = 2 gives m_tilde = 2 + 1/2 * 2 = 3; without identity 1.
    The no_object logit (9) takes no part.
    """
    log3 = np.log(3)
    mask = torch.tensor([[[[2.0]]]])
    classes = torch.tensor([[[log3, 0.0, 9.0]]], dtype=torch.float32)
    semantic = torch.tensor([[[[0.0]], [[-log3]]]], dtype=torch.float32)
    assert remask().relax(mask, classes, semantic).item() == pytest.approx(3)
    plain = remask(identity=False).relax(mask, classes, semantic)
    assert plain.item() == pytest.approx(1)
    # Softmax: p -> e^(ln 3, 0, 9) normalised, m_sem -> (3/4, 1/4).
    total = 3 + 1 + np.exp(9)
    m_hat = 0.75 * 3 / total + 0.25 * 1 / total
    soft = remask(activation='softmax').relax(mask, classes, semantic)
    assert soft.item() == pytest.approx(2 + 2 * m_hat, rel=1e-6)
    # Softmax of p alone: the semantic prediction stays (1/2, 1/4).
    m_hat = 0.5 * 3 / total + 0.25 * 1 / total
    mixed = remask(class_activation='softmax').relax(mask, classes, semantic)
    assert mixed.item() == pytest.approx(2 + 2 * m_hat, rel=1e-6)


def test_equals_a_slow_oracle():
    mask, classes, semantic, _ = inputs()
    relaxed = remask().relax(mask, classes, semantic)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    for b in range(2):
        for q in range(4):
            for y in range(5):
                for x in range(7):
                    m_hat = sum(
                        sigmoid(semantic[b, c, y, x].item())
                        * sigmoid(classes[b, q, c].item())
                        for c in range(3)
                    )
                    m = mask[b, q, y, x].item()
                    assert relaxed[b, q, y, x].item() == pytest.approx(
                        m + m_hat * m, rel=1e-12
                    )


def test_semantic_logits_are_resized_before_the_sigmoid():
    mask, classes, _, _ = inputs()
    coarse = torch.randn(2, 3, 3, 4).double()
    fine = torch.nn.functional.interpolate(
        coarse, (5, 7), mode='bilinear', align_corners=True
    )
    torch.testing.assert_close(
        remask().relax(mask, classes, coarse),
        remask().relax(mask, classes, fine),
        rtol=0,
        atol=0,
    )


def total_of(terms):
    return terms['loss_mask'] + terms['loss_dice']


def gradients(loss, stage=0):
    mask, classes, semantic, targets = inputs()
    leaves = [x.requires_grad_() for x in (mask, classes, semantic)]
    total = total_of(loss(mask, classes, targets, stage, semantic))
    return torch.autograd.grad(total, leaves, allow_unused=True)


def test_no_gradient_reaches_m_hat():
    mask_grad, class_grad, semantic_grad = gradients(remask())
    assert mask_grad.abs().sum() > 0
    assert class_grad is None
    assert semantic_grad is None


def test_without_stop_gradient_it_does():
    grads = gradients(remask(stop_gradient=False))
    assert all(grad.abs().sum() > 0 for grad in grads)


def test_gradient_of_the_mask_by_differences():
    """D m_tilde / d m_pan = 1 + m_hat, through both losses."""
    mask, classes, semantic, targets = inputs(1, 4, 3, 2, 3)
    loss = remask()
    assert torch.autograd.gradcheck(
        lambda m: total_of(loss(m, classes, targets, 0, semantic)),
        mask.requires_grad_(),
    )


def test_stages_beyond_are_plain():
    mask, classes, semantic, targets = inputs()
    plain = MaskLoss(**PARTS)(mask, classes, targets, 0)
    loss = remask(num_stages=2)
    for stage in (2, 5, None):
        terms = loss(mask, classes, targets, stage, semantic)
        assert terms.keys() == plain.keys()
        for key in plain:
            assert torch.equal(terms[key], plain[key])
    relaxed = loss(mask, classes, targets, 1, semantic)
    assert not torch.equal(relaxed['loss_mask'], plain['loss_mask'])


def test_ground_truth_masking():
    """m_hat becomes sigma(p) of the cell's class, 0 on void."""
    mask, classes, _, targets = inputs()
    loss = remask(source='ground_truth')
    assert loss.num_semantic_stages == 0
    terms = loss(mask, classes, targets, 0)
    factor = torch.ones_like(mask).flatten(2)
    for b in range(2):
        for p, label in enumerate(targets.semantic_map[b].tolist()):
            if label >= 0:
                factor[b, :, p] += classes[b, :, label].sigmoid()
    relaxed = mask * factor.view_as(mask)
    wanted = MaskLoss(**PARTS)(relaxed, classes, targets, 0)
    for key in ('loss_mask', 'loss_dice'):
        torch.testing.assert_close(terms[key], wanted[key])


@pytest.mark.parametrize(
    'settings',
    [
        dict(activation='softmax'),
        dict(class_activation='softmax'),
        dict(identity=False),
        dict(num_stages=0),
        dict(source='ground_truth'),
        dict(source='mean'),
        dict(gain=0.5),
    ],
)
def test_every_key_changes_the_loss(settings):
    mask, classes, semantic, targets = inputs()
    default = total_of(remask()(mask, classes, targets, 0, semantic))
    changed = remask(**settings)(mask, classes, targets, 0, semantic)
    assert not torch.isclose(default, total_of(changed), rtol=1e-3)


def test_controls():
    """No gain is no relaxing; the mean scales an image by one number."""
    mask, classes, semantic, _ = inputs()
    off = remask(gain=0.0).relax(mask, classes, semantic)
    assert torch.equal(off, mask)
    m_hat = classes.sigmoid()[:, :, :-1] @ semantic.sigmoid().flatten(2)
    scale = 1 + m_hat.mean((1, 2))[:, None, None, None]
    mean = remask(source='mean').relax(mask, classes, semantic)
    torch.testing.assert_close(mean, mask * scale)


@pytest.mark.parametrize(
    'settings',
    [
        dict(activation='relu'),
        dict(class_activation='relu'),
        dict(source='paper'),
    ],
)
def test_bad_settings(settings):
    with pytest.raises(ValueError, match=next(iter(settings.values()))):
        remask(**settings)


def test_diagnostics():
    mask, classes, semantic, targets = inputs()
    terms = remask()(mask, classes, targets, 0, semantic)
    m_hat = classes.sigmoid()[:, :, :-1] @ semantic.sigmoid().flatten(2)
    known, on, off = [], [], []
    for b in range(2):
        area = targets.query_area()[b]
        for p, label in enumerate(targets.semantic_map[b].tolist()):
            if label < 0:
                continue
            for q in range(4):
                known.append(m_hat[b, q, p].item())
                if area[q]:
                    same = targets.labels[b, q] == label
                    (on if same else off).append(m_hat[b, q, p].item())
    for key, values in dict(mean=known, matched=on, unmatched=off).items():
        assert terms[f'm_hat_{key}'].item() == pytest.approx(np.mean(values))
    assert not any('loss' in key for key in terms if 'm_hat' in key)
