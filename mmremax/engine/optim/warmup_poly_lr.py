"""Polynomial decay whose clock starts with the warm-up."""

from __future__ import annotations

from mmengine.optim import _ParamScheduler
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.registry import PARAM_SCHEDULERS
from torch.optim import Optimizer


@PARAM_SCHEDULERS.register_module()
class WarmupPolyLR(LRSchedulerMixin, _ParamScheduler):
    """kMaX-DeepLab's learning rate, in closed form.

    With w warm-up iterations of T: base * (s (1 - t / w) + t / w) for t < w,
    then base * (1 - t / T)^power. The decay does not restart behind the
    warm-up, so the rate drops a little there; mmengine's PolyLR would
    count from w.

    Paper: kMaX-DeepLab, published code.

    Args:
        optimizer: Its groups are scaled from their own initial rates.
        end: T, in iterations.
        warmup: w, in iterations; 0 for none.
        warmup_ratio: s.
        power: Exponent of the decay.
        by_epoch: False: there is no epoch here.
        last_step: See mmengine.
        verbose: See mmengine.
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
        """Return the learning rate of an iteration over the base rate."""
        if step < self.warmup:
            done = step / self.warmup
            return self.warmup_ratio * (1 - done) + done
        return max(1 - step / self.total, 0.0) ** self.power

    def _get_value(self) -> list[float]:
        factor = self.factor(self.last_step)
        return [base * factor for base in self.base_values]
