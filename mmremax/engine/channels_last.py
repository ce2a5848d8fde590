"""Features with their channels last in memory, for training on a CPU."""

from __future__ import annotations

import torch
from mmdet.registry import HOOKS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

READERS = (nn.Conv2d, nn.GELU)
"""Slow on an input, and in its gradient, of another layout."""


def puts_channels_last(cfg: Config) -> bool:
    """Whether a config trains with channels last in memory, on a CPU."""
    hooks = cfg.get('custom_hooks', ())
    return any('ChannelsLastHook' in str(hook['type']) for hook in hooks)


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keeps the channels of images and features last in memory on a CPU.

    The same numbers up to rounding, in less time (docs/performance.md). On a
    GPU, where it was not measured, nothing changes. With several processes
    the hook rests: their gradients are averaged in the layout that the
    weights had when the model was wrapped.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the weights; features take the layout from them."""
        model = runner.model
        on_cpu = next(model.parameters()).device.type == 'cpu'
        if on_cpu and not is_model_wrapper(model):
            put_channels_last(model)


def put_channels_last(model: nn.Module) -> None:
    """Convert the weights, and whatever loses their layout on the way.

    Attention and concatenation hand on other layouts, flattened features
    get gradients of another, and each layer that meets two layouts is slow,
    until a convolution converts them. Here they are converted at once.
    """
    model.to(memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, READERS):
            module.register_forward_pre_hook(_convert_input)
        if isinstance(module, (*READERS, _BatchNorm)):
            module.register_forward_hook(_convert_gradient)


def _convert_input(module: nn.Module, inputs: tuple[Tensor]) -> Tensor | None:
    return _last(inputs[0]) if inputs[0].dim() == 4 else None


def _convert_gradient(
    module: nn.Module, inputs: tuple[Tensor], output: Tensor
) -> None:
    """Convert the gradient of features, not that of attention logits."""
    if output.requires_grad and output.dim() == 4 and _is_last(output):
        output.register_hook(_last)


def _is_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last)


def _last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
