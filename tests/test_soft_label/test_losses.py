"""Soft losses against stored values, mmseg's cross-entropy and a loop."""

import math

import numpy as np
import pytest
import torch
from mmseg.models.losses import CrossEntropyLoss

from mmremax.soft_label.kernels import class_fractions
from mmremax.soft_label.losses import SoftCrossEntropyLoss, SoftKLDivLoss
from mmremax.soft_label.target import SoftTarget, encode_dense, encode_topk
from tests.golden import load_golden
from tests.helpers.soft_labels import dense_fractions, label_map

GOLDEN = load_golden('soft_labels')['losses']
MAPS = [label_map(12, k) for k in (0, 1.7)]
Q = torch.from_numpy(np.stack([dense_fractions(y, (3, 3)) for y in MAPS]))
TARGET = SoftTarget(Q)
B, C, Y, X = np.ogrid[:2, :5, :3, :3]
LOGITS = torch.from_numpy(
    1.5 * np.sin(0.7 * C + 0.9 * Y + 0.4 * X + 0.3 * B)
    + 0.5 * np.cos(1.3 * C - 0.6 * Y * X)
)
VALUES = dict(
    loss_ce_mass_normalised=SoftCrossEntropyLoss(),
    loss_kl_valid_weighted=SoftKLDivLoss(),
    loss_ce_mean_over_all_cells=SoftCrossEntropyLoss(normalizer='all'),
    loss_ce_mean_over_touched_cells=SoftCrossEntropyLoss(normalizer='cells'),
)
each_loss = pytest.mark.parametrize('loss', VALUES.values(), ids=VALUES)


def test_losses_are_the_stored_ones_of_the_stored_inputs():
    golden = load_golden('soft_labels')
    np.testing.assert_array_equal(label_map(12), golden['label_12x12'])
    np.testing.assert_allclose(Q.sum(1), GOLDEN['valid_mass'], atol=2e-6)
    for key, loss in VALUES.items():
        value = loss(LOGITS, TARGET).item()
        assert value == pytest.approx(GOLDEN[key], abs=1e-5), key
    stored = GOLDEN['class_weight']
    loss = SoftCrossEntropyLoss(3.0, class_weight=stored['weights'])
    value = loss(LOGITS, TARGET).item()
    assert value == pytest.approx(3 * stored['loss_ce'], abs=3e-5)


def test_the_published_divergence_differs_by_the_mass_alone():
    """Sum q log(q / p) is v KL(q / v || p) and sum v log v."""
    v = Q.sum(1)
    published = SoftKLDivLoss()(LOGITS, TARGET) + v.xlogy(v).sum() / v.sum()
    stored = GOLDEN['loss_kl_mass_normalised']
    assert published.item() == pytest.approx(stored, abs=1e-5)
    stored = GOLDEN['negative_example']  # of one pixel
    logits = torch.tensor(stored['p']).log()[None, :, None, None]
    q = torch.tensor(stored['q'])[None, :, None, None]
    value = SoftKLDivLoss(normalizer='cells')(logits, SoftTarget(q)).item()
    assert value == pytest.approx(stored['valid_weighted'], abs=1e-5)


@pytest.mark.parametrize(('normalizer', 'flag'), [('mass', 1), ('all', 0)])
def test_hard_labels_give_mmsegs_cross_entropy(normalizer, flag):
    labels = torch.from_numpy(np.stack([label_map(6), label_map(6, 0.5)]))
    logits = torch.randn(2, 5, 6, 6)
    expected = CrossEntropyLoss(avg_non_ignore=bool(flag))(
        logits, labels, ignore_index=255
    )
    loss = SoftCrossEntropyLoss(normalizer=normalizer)
    assert torch.allclose(loss(logits, labels), expected, atol=1e-6)
    one_hot = [dense_fractions(y.numpy(), (6, 6)) for y in labels]
    target = SoftTarget(torch.from_numpy(np.stack(one_hot)))
    assert torch.allclose(loss(logits, target), expected, atol=1e-6)
    # A perfect match has no entropy: the divergence is the same.
    divergence = SoftKLDivLoss(normalizer=normalizer)(logits, labels)
    assert torch.allclose(divergence, expected, atol=1e-5)


@each_loss
def test_compact_target_equals_the_dense_one(loss):
    parts = [class_fractions(y, (3, 3), 'area', 5) for y in MAPS]
    dense, compact = (
        torch.stack([torch.from_numpy(encode(*part, 5)) for part in parts])
        for encode in (encode_dense, encode_topk)
    )
    dense, compact = (x.permute(0, 3, 1, 2) for x in (dense, compact))
    ids, codes = compact.chunk(2, dim=1)
    value = loss(LOGITS, SoftTarget(codes / 255, ids.long()))
    expected = loss(LOGITS, SoftTarget(dense / 255))
    assert torch.allclose(value, expected, atol=1e-6)


def test_loss_of_random_cells_equals_a_loop():
    torch.manual_seed(3)
    q = torch.rand(2, 4, 3, 3).double()
    q /= q.sum(1, keepdim=True) * (1 + torch.rand(2, 1, 3, 3))
    logits = torch.randn(2, 4, 3, 3).double()
    total = mass = 0.0
    for n in range(2):
        for i in range(9):
            z = logits[n, :, i // 3, i % 3].tolist()
            norm = math.log(sum(math.exp(value) for value in z))
            cell = q[n, :, i // 3, i % 3].tolist()
            total += sum(w * (norm - v) for w, v in zip(cell, z, strict=True))
            mass += sum(cell)
    value = SoftCrossEntropyLoss()(logits, SoftTarget(q)).item()
    assert value == pytest.approx(total / mass, rel=1e-5)


@each_loss
def test_without_mass_the_loss_is_zero_with_a_gradient(loss):
    logits = torch.randn(2, 5, 3, 3, requires_grad=True)
    value = loss(logits, SoftTarget(torch.zeros(2, 5, 3, 3)))
    value.backward()
    assert value.item() == logits.grad.abs().max() == 0


def test_cells_count_by_their_valid_mass():
    """A cell with v = 0.25 weighs a quarter of a full one."""
    logits = torch.zeros(1, 2, 1, 2)
    logits[0, 0, 0, 0] = 3.0
    q = torch.tensor([[[[0.25, 1.0]], [[0.0, 0.0]]]])
    own, other = (math.log(1 + math.exp(-3)), math.log(2))
    for normalizer, divisor in (('mass', 1.25), ('cells', 2), ('all', 2)):
        loss = SoftCrossEntropyLoss(normalizer=normalizer)
        expected = (0.25 * own + other) / divisor
        value = loss(logits, SoftTarget(q)).item()
        assert value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('loss', [SoftCrossEntropyLoss(), SoftKLDivLoss()])
def test_gradients_are_the_stored_one_and_finite_in_half_precision(loss):
    logits = LOGITS.clone().requires_grad_()
    loss(logits, TARGET).backward()
    stored = np.array(GOLDEN['grad_logits_ce_and_kl'])
    np.testing.assert_allclose(logits.grad, stored, atol=1e-5)
    extreme = (torch.randn(2, 5, 3, 3) * 6e4).clamp(-6e4, 6e4)
    for dtype in (torch.bfloat16, torch.float16):
        logits = extreme.to(dtype).requires_grad_()
        with torch.autocast('cpu', torch.bfloat16):
            value = loss(logits, TARGET)
        value.backward()
        assert value.dtype == torch.float32
        assert value.isfinite()
        assert logits.grad.isfinite().all()


def test_weights_of_pixels_and_misspelt_arguments_are_refused():
    with pytest.raises(ValueError, match='remove the sampler'):
        SoftCrossEntropyLoss()(LOGITS, TARGET, weight=torch.ones(2, 3, 3))
    with pytest.raises(ValueError, match="normalizer='mean'"):
        SoftCrossEntropyLoss(normalizer='mean')
    with pytest.raises(TypeError, match='normaliser'):
        SoftKLDivLoss(normaliser='mass')
