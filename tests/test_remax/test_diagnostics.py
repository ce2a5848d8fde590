"""Diagnostics of the mask losses: by loops, and in the log of a run."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from torch.nn import functional as F

from mmremax.kmax.losses import MaskLoss
from mmremax.kmax.predictor import LayerPrediction
from mmremax.remax.diagnostics import (
    MaskDiagnosticsHook,
    loss_balance,
    m_hat_means,
)
from tests.helpers.model_fixture import build_model
from tests.test_kmax.test_head import losses_of, samples
from tests.test_kmax.test_losses.test_mask_losses import random_case
from tests.test_remax.test_remask import inputs, remask


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_balance_of_false_positives_and_negatives(activation):
    """FP and FN are the two sums of a binary cross-entropy, taken apart."""
    logits, query_map = random_case()
    valid = (query_map >= 0)[:, None].expand_as(logits)
    y = F.one_hot(query_map.clamp(min=0), 4).transpose(1, 2)[valid].double()
    prob = logits.softmax(1) if activation == 'softmax' else logits.sigmoid()
    s = prob[valid]
    negative = -(y * s.log()).sum()
    positive = -((1 - y) * (1 - s).log()).sum()
    loss = MaskLoss(
        dict(type='MaskIdLoss', activation=activation), dict(type='PQDiceLoss')
    )
    found = loss_balance(
        loss,
        LayerPrediction(None, logits[..., None], None),
        SimpleNamespace(query_map=query_map),
    )
    torch.testing.assert_close(found['fp_fn_ratio'], positive / negative)


def test_means_of_m_hat_by_loops():
    output, targets = inputs()
    found = m_hat_means(remask(), output, targets)
    m_hat = output.class_logits.sigmoid()[:, :, :-1]
    m_hat = m_hat @ output.semantic_logits.sigmoid().flatten(2)
    known, on, off = [], [], []
    for b in range(2):
        for p, label in enumerate(targets.semantic_map[b].tolist()):
            if label < 0:
                continue
            for q in range(4):
                known.append(m_hat[b, q, p].item())
                if targets.labels[b, q] < 3:
                    same = targets.labels[b, q] == label
                    (on if same else off).append(m_hat[b, q, p].item())
    for key, values in dict(mean=known, matched=on, unmatched=off).items():
        assert found[f'm_hat_{key}'].item() == pytest.approx(np.mean(values))


def test_every_interval_steps_and_nothing_in_between():
    """Losses are the same; the log gets the names of all outputs."""
    model = build_model(with_remax=True)
    hub = MessageHub('test_diagnostics')
    runner = SimpleNamespace(model=model, message_hub=hub, iter=0)
    hook = MaskDiagnosticsHook(interval=2)
    found = []
    for runner.iter in range(3):
        hook.before_train_iter(runner, batch_idx=runner.iter)
        losses = losses_of(model, samples())
        hook.after_train_iter(runner, batch_idx=runner.iter, outputs={})
        found.append((losses['loss_mask'], set(hub.log_scalars)))
    assert found[0][1] == set()
    relaxed = {f'd{i}.' for i in range(3)}
    assert found[1][1] == {
        f'train/{prefix}m_hat_{name}'
        for prefix in relaxed
        for name in ('mean', 'matched', 'unmatched')
    } | {f'train/{prefix}fp_fn_ratio' for prefix in relaxed | {''}}
    history = hub.get_scalar('train/fp_fn_ratio').data[0]
    assert len(history) == 1
