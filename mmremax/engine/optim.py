"""Optimizer wrapper, groups, schedule, and momentum of the norms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmdet.registry import HOOKS, OPTIM_WRAPPERS
from mmengine.hooks import Hook
from mmengine.optim import (
    DefaultOptimWrapperConstructor,
    OptimWrapper,
    _ParamScheduler,
)
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, PARAM_SCHEDULERS
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer


@OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """Runs the forward pass under bfloat16 autocast on the CPU.

    mmengine's own mixed precision refuses the CPU. Weights, gradients and
    the update stay float32. bfloat16 has the range of float32, so no loss
    scale is needed.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enable autocast around mmengine's context."""
        with (
            super().optim_context(model),
            torch.autocast('cpu', dtype=torch.bfloat16),
        ):
            yield


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class KMaXOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Two rules that combine: where a parameter is, and what it is.

    mmengine's own constructor lets a custom key (the backbone's learning
    rate) switch its norm and bias rules off, and makes a group of every
    parameter; here both rules hold and few groups result, which fused and
    foreach optimizers need to be fast. Keys of `paramwise_cfg`:

    - `lr_mult`: factor of the learning rate by prefix of the name, such as
      `dict(backbone=0.1)`.
    - `no_decay`: parts of the names of parameters without weight decay, in
      addition to all with one axis (norms, biases, layer scales).

    Paper: kMaX-DeepLab, published code.

    Raises:
        ValueError: `paramwise_cfg` has another key, or a name of the rules
            matches no parameter.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        unknown = sorted(set(paramwise_cfg) - {'lr_mult', 'no_decay'})
        if unknown:
            raise ValueError(
                f'KMaXOptimWrapperConstructor: paramwise_cfg has {unknown}; '
                'it knows lr_mult and no_decay.'
            )

    def add_params(self, params: list[dict], module: nn.Module) -> None:
        """Append the groups of a whole model."""
        lr_mult = self.paramwise_cfg.get('lr_mult', {})
        no_decay = self.paramwise_cfg.get('no_decay', ())
        unused = {*lr_mult, *no_decay}
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, param in module.named_parameters():
            if not param.requires_grad:
                continue
            prefixes = [key for key in lr_mult if name.startswith(key)]
            parts = [key for key in no_decay if key in name]
            unused.difference_update(prefixes, parts)
            factor = lr_mult[max(prefixes, key=len)] if prefixes else 1.0
            decay = 0.0 if param.ndim <= 1 or parts else self.base_wd
            groups.setdefault((factor, decay), []).append(param)
        if unused:
            raise ValueError(
                f'paramwise_cfg names {sorted(unused)}, which no parameter '
                'of the model has in its name.'
            )
        for (factor, decay), members in groups.items():
            lr = self.base_lr * factor
            params.append(dict(params=members, lr=lr, weight_decay=decay))


@PARAM_SCHEDULERS.register_module()
class WarmupPolyLR(LRSchedulerMixin, _ParamScheduler):
    """kMaX-DeepLab's learning rate, in closed form.

    With w warm-up iterations of T: base * (s (1 - t / w) + t / w) for t < w,
    then base * (1 - t / T)^power. The decay does not restart after the
    warm-up, so the rate drops a little there; mmengine's PolyLR would
    count from w.

    Paper: kMaX-DeepLab, published code.

    Args:
        optimizer: Its groups are scaled from their own initial rates.
        end: T, in iterations.
        warmup: w, in iterations; 0 for none.
        warmup_ratio: s.
        by_epoch: As mmengine passes it; there are no epochs here.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        end: int,
        warmup: int = 5000,
        warmup_ratio: float = 0.001,
        power: float = 0.9,
        by_epoch: bool = False,
        last_step: int = -1,
        verbose: bool = False,
    ) -> None:
        self.total = end
        self.warmup = warmup
        self.warmup_ratio = warmup_ratio
        self.power = power
        super().__init__(
            optimizer,
            begin=0,
            end=end,
            last_step=last_step,
            by_epoch=by_epoch,
            verbose=verbose,
        )

    def factor(self, step: int) -> float:
        """Return the rate of an iteration before the end, over the base."""
        if step < self.warmup:
            done = step / self.warmup
            return self.warmup_ratio * (1 - done) + done
        return (1 - step / self.total) ** self.power

    def _get_value(self) -> list[float]:
        factor = self.factor(self.last_step)
        return [base * factor for base in self.base_values]


@HOOKS.register_module()
class NormMomentumHook(Hook):
    """Sets the momentum of all BatchNorms of a model.

    kMaX-DeepLab's momentum of 0.01 averages over hundreds of steps. In a run
    of hundreds of steps the statistics are then those of an earlier, worse
    network. Training steps do not read the statistics: nothing but
    evaluation changes.

    Args:
        momentum: Weight of the newest batch, in (0, 1].
    """

    def __init__(self, momentum: float) -> None:
        if not 0 < momentum <= 1:
            raise ValueError(
                f'NormMomentumHook: {momentum=} is not in (0, 1].'
            )
        self.momentum = momentum

    def before_train(self, runner: Runner) -> None:
        """Set it in the model, also inside a wrapper."""
        for module in runner.model.modules():
            if isinstance(module, _BatchNorm):
                module.momentum = self.momentum
