"""Hooks that look at the gradient of each update."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmdet.models.dense_heads import MaskFormerHead
from mmdet.registry import HOOKS
from mmengine.dist import all_gather_object, all_reduce
from mmengine.hooks import Hook, LoggerHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor
from torch.optim import Optimizer

from mmremax_runtime.errors import InputError

from .prediction_guard import PredictionGuard

LIMIT = 1e18  # of a prediction; costs of larger ones overflow when added


def total_grad_norm(optimizer: Optimizer) -> Tensor | None:
    """Compute the 2-norm of all gradients as one vector, on their device.

    Does not synchronise; None where no parameter has a gradient.
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
        self, runner: Runner, batch_idx: int, **_: Any
    ) -> None:
        """Hand the norms over in time for the logger."""
        is_logged = any(
            self.every_n_inner_iters(batch_idx, hook.interval)
            for hook in runner.hooks
            if isinstance(hook, LoggerHook)
        )
        if self.norms and (is_logged or self.is_last_train_iter(runner)):
            for norm in torch.stack(self.norms).tolist():
                runner.message_hub.update_scalar('train/grad_norm', norm)
            self.norms.clear()

    def _record(self, optimizer: Optimizer, *_: Any) -> None:
        norm = total_grad_norm(optimizer)
        if norm is not None:
            self.norms.append(norm)


class NonFiniteError(InputError, RuntimeError):
    """A loss, gradient or prediction was infinite or not a number."""


@HOOKS.register_module()
class NonFiniteGuardHook(PredictionGuard, Hook):
    """Looks at losses and gradient before each update; stops or skips.

    Predictions that are not finite always stop an evaluation.

    The look costs one copy of one number from the device per update. All
    ranks decide alike. Under mixed precision an overflow of the scaled
    gradient alone is no error: the loss scaler skips and lowers the scale.

    The matching of mmdet's and mmseg's MaskFormer heads cannot take what is
    not finite, and would end one rank alone. Such an output is noted, and
    zeros go on in its place to where the ranks decide.

    Args:
        action: ``'stop'`` raises :class:`NonFiniteError` before anything is
            updated or written. ``'skip'`` drops the gradient of the step
            and goes on, unless the norms' running statistics were hit too.
    """

    priority = 'HIGH'
    error = NonFiniteError

    def __init__(self, action: str = 'stop') -> None:
        if action not in ('stop', 'skip'):
            raise ValueError(
                f"NonFiniteGuardHook: action={action!r} is neither 'stop' "
                "nor 'skip'."
            )
        self.action = action
        self.num_skipped = 0

    def before_train(self, runner: Runner) -> None:
        """Watch the model's losses and the optimizer's steps."""
        self.runner = runner
        self.losses: dict[str, Tensor] = {}
        self.data_samples: list = []
        self.outputs: dict[str, Tensor] = {}
        model = runner.model
        self.model = model.module if is_model_wrapper(model) else model
        self.model.register_forward_hook(self._remember, with_kwargs=True)
        for module in self.model.modules():
            if isinstance(module, MaskFormerHead):
                module.register_forward_hook(self._replace)
        runner.optim_wrapper.optimizer.register_step_pre_hook(self._check)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, **_: Any
    ) -> None:
        """Look at a step that had no update.

        It accumulated its gradient, or the loss scaler skipped it.
        """
        if self.losses:
            self._check(None)

    def _replace(
        self, head: MaskFormerHead, args: tuple, outputs: tuple[list, list]
    ) -> tuple[list, list] | None:
        """Put zeros for class and mask logits that cannot be matched."""
        bounds = [b for part in outputs for one in part for b in one.aminmax()]
        largest = torch.stack(bounds).detach().float().abs().max()
        if not head.training or largest < LIMIT:
            return None
        self.outputs = {
            'the prediction': largest.where(~(largest >= LIMIT), torch.inf)
        }
        return tuple(
            [one.nan_to_num(0, 0, 0).clamp(-1, 1) for one in part]
            for part in outputs
        )

    def _remember(
        self, model: Any, args: tuple, kwargs: dict, output: Any
    ) -> None:
        if kwargs.get('mode') == 'loss':
            self.losses = {
                name: _mean(value).detach().float()
                for name, value in output.items()
                if 'loss' in name
            }
            self.losses |= self.outputs
            self.outputs = {}
            self.data_samples = kwargs.get('data_samples') or []

    def _check(self, optimizer: Optimizer | None, *_: Any) -> None:
        """Look at the losses, and at the gradient that is to be applied."""
        terms, self.losses = self.losses, {}
        norm = None if optimizer is None else total_grad_norm(optimizer)
        if norm is not None:
            terms['the gradient'] = norm
        values = torch.stack(list(terms.values()))
        is_bad = (~values.isfinite()).any().float()
        all_reduce(is_bad, 'max')
        if is_bad.item():
            numbers = dict(zip(terms, values.tolist(), strict=True))
            self._act(numbers)

    def _act(self, terms: dict[str, float]) -> None:
        reports = all_gather_object(describe(terms, self.data_samples))
        text = f'Step {self.runner.iter + 1}: ' + '; '.join(
            f'{report} (rank {rank})' if len(reports) > 1 else report
            for rank, report in enumerate(reports)
            if report
        )
        if self.action == 'stop':
            raise NonFiniteError(
                f'{text}. Nothing was updated or written. Resume from the '
                'last checkpoint without `--amp`, or with the hook '
                "NonFiniteGuardHook set to action='skip'; a lower learning "
                'rate needs a new run (--cfg-options load_from=FILE keeps '
                'the weights).'
            )
        buffers = self.model.buffers()
        is_broken = torch.tensor(
            float(not all(one.isfinite().all() for one in buffers))
        )
        all_reduce(is_broken, 'max')  # the ranks decide alike
        if is_broken:
            raise NonFiniteError(
                f'{text}. The step cannot be skipped, because the running '
                'statistics of a norm layer are no longer finite: the '
                'network itself overflowed. Resume from the last checkpoint.'
            )
        self.runner.optim_wrapper.optimizer.zero_grad(set_to_none=True)
        self.num_skipped += 1
        self.runner.logger.warning(
            f'{text}. Step skipped, {self.num_skipped} so far.'
        )


def describe(terms: dict[str, float], data_samples: list) -> str:
    """Name what is not finite and the images; empty if everything is."""
    bad = [f'{k} is {v}' for k, v in terms.items() if not math.isfinite(v)]
    if not bad:
        return ''
    images = [
        f'{sample.metainfo.get("img_id")} ({sample.metainfo.get("img_path")})'
        for sample in data_samples
    ]
    return f'{", ".join(bad)} for the images {", ".join(images)}'


def _mean(value: Tensor | list[Tensor]) -> Tensor:
    """Reduce a loss as mmengine does: lists are sums of means."""
    if isinstance(value, Tensor):
        return value.mean()
    return sum(term.mean() for term in value)
