"""Logs the norm of the gradient, whether or not it is clipped."""

from __future__ import annotations

from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook, LoggerHook
from mmengine.runner import Runner
from torch import Tensor
from torch.optim import Optimizer


def total_grad_norm(optimizer: Optimizer) -> Tensor | None:
    """Compute the 2-norm of all gradients of an optimizer as one vector.

    Returns:
        A scalar on the parameters' device, without synchronising; None
        where no parameter has a gradient.
    """
    grads = [
        parameter.grad
        for group in optimizer.param_groups
        for parameter in group['params']
        if parameter.grad is not None
    ]
    return torch.nn.utils.get_total_norm(grads) if grads else None


@HOOKS.register_module()
class GradNormHook(Hook):
    """Records ``train/grad_norm`` of every update, before it is applied.

    The norm is read as the optimizer steps: over all ranks and accumulated
    batches, after the loss scale of mixed precision is taken out. It stays
    on the device and is copied once per logging interval. With clipping by
    norm mmengine itself logs the value from before the clip, and the hook
    rests.
    """

    def before_train(self, runner: Runner) -> None:
        """Watch the optimizer's steps."""
        self.norms: list[Tensor] = []
        wrapper = runner.optim_wrapper
        if wrapper.clip_grad_kwargs and wrapper.grad_name == 'grad_norm':
            return
        wrapper.optimizer.register_step_pre_hook(self._record)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Hand the norms over in time for the logger."""
        intervals = [
            hook.interval
            for hook in runner.hooks
            if isinstance(hook, LoggerHook)
        ]
        is_logged = any(
            self.every_n_inner_iters(batch_idx, n) for n in intervals
        )
        if not self.norms or not (
            is_logged or self.is_last_train_iter(runner)
        ):
            return
        for norm in torch.stack(self.norms).tolist():
            runner.message_hub.update_scalar('train/grad_norm', norm)
        self.norms.clear()

    def _record(self, optimizer: Optimizer, *_: Any) -> None:
        norm = total_grad_norm(optimizer)
        if norm is not None:
            self.norms.append(norm)
