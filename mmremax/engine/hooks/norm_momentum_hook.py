"""Lets the running statistics of BatchNorm follow a short training."""

from __future__ import annotations

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm


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
