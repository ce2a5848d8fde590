"""What the mask losses see, in the log: Fig. 1 of ReMaX, and m_hat.

Letters: B images, Q queries, P locations of the mask grid, S of them read.
"""

from __future__ import annotations

from functools import partial

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn import functional as F

from mmremax.kmax.losses import MaskLoss
from mmremax.utils.constants import VOID

from .remask import ReMaskLoss

_NUM_LOCATIONS = 4096  # a diagnostic reads about so many


@HOOKS.register_module()
class MaskDiagnosticsHook(Hook):
    """Logs diagnostics of the mask losses in every `interval`-th step.

    For each output `fp_fn_ratio`, false positives over false negatives of
    the mask-id loss, of the relaxed logits where they are relaxed; for
    relaxed outputs `m_hat_mean` over all queries, and `m_hat_matched` and
    `m_hat_unmatched` of matched queries on locations of their class and
    off them. Names have the prefix of the output, as losses have.

    Steps in between cost nothing: forward hooks stand on the loss modules
    for one step only.

    Args:
        interval: In steps.
    """

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval
        self._handles: list = []

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None
    ) -> None:
        """Watch the losses of this step if it is its turn."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        for kind, diagnose in (
            (MaskLoss, loss_balance),
            (ReMaskLoss, m_hat_means),
        ):
            for module in model.modules():
                if isinstance(module, kind):
                    watch = partial(_log, runner, diagnose)
                    self._handles.append(module.register_forward_hook(watch))

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: object = None,
        outputs: object = None,
    ) -> None:
        """Stop watching."""
        while self._handles:
            self._handles.pop().remove()


@torch.no_grad()
def _log(
    runner: Runner, diagnose: object, module: nn.Module, args: tuple, _: dict
) -> None:
    output, targets = args
    for name, value in diagnose(module, output, targets).items():
        runner.message_hub.update_scalar(
            f'train/{output.prefix}{name}', value.item()
        )


def loss_balance(loss: MaskLoss, output: object, targets: object) -> dict:
    """False positives over false negatives of a mask-id loss: `fp_fn_ratio`.

    FN = -sum y log s and FP = -sum (1 - y) log(1 - s), s the softmax over
    queries or the sigmoid, summed over locations that are not void.

    Paper: ReMaX, Fig. 1.
    """
    mask_logits = output.mask_logits.flatten(2)
    read = _read(mask_logits)
    mask_logits, query_map = (
        mask_logits[:, :, read],
        targets.query_map[:, read],
    )
    if loss.loss_mask.activation == 'softmax':
        log_prob = mask_logits.log_softmax(1)
        positive = -log_prob
        # log(1 - s) = log1p(-s), s a little below 1 so that it stays finite.
        limit = 1 - torch.finfo(log_prob.dtype).eps
        negative = -torch.log1p(-log_prob.exp().clamp(max=limit))
    else:
        positive, negative = F.softplus(-mask_logits), F.softplus(mask_logits)
    valid = query_map != VOID
    index = query_map.clamp(min=0)[:, None]
    false_negative = (positive.gather(1, index).squeeze(1) * valid).sum()
    own_negative = negative.gather(1, index).squeeze(1)
    false_positive = ((negative.sum(1) - own_negative) * valid).sum()
    return dict(fp_fn_ratio=false_positive / false_negative.clamp(min=1e-12))


def m_hat_means(loss: ReMaskLoss, output: object, targets: object) -> dict:
    """Average m_hat of a relaxed output where there is ground truth.

    Another output gives nothing. See MaskDiagnosticsHook for the names.
    """
    if not output.is_relaxed:
        return {}
    m_hat = loss.m_hat(output, targets).flatten(2)
    read = _read(m_hat)
    m_hat = m_hat[:, :, read]  # (B, Q, S)
    semantic_map = targets.semantic_map[:, None, read]
    known = (semantic_map != VOID).expand_as(m_hat)
    num_classes = output.class_logits.shape[2] - 1
    matched = (targets.labels < num_classes)[:, :, None] & known
    same = matched & (semantic_map == targets.labels[:, :, None])
    return dict(
        m_hat_mean=_masked_mean(m_hat, known),
        m_hat_matched=_masked_mean(m_hat, same),
        m_hat_unmatched=_masked_mean(m_hat, matched & ~same),
    )


def _read(values: Tensor) -> slice:
    """Every n-th location, about 4096 of them: unbiased, and cheap."""
    return slice(None, None, max(1, values.shape[2] // _NUM_LOCATIONS))


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
