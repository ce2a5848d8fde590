"""Bytes that a training step needs, counted without a GPU."""

from __future__ import annotations

import copy
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mmremax.utils.config_edits import dicts_of, use_cpu_amp

from .measure import build_with_optimizer, synthetic_batch

SHORT_SIDES = (257, 385)  # pixels; of what an estimate is made from


@dataclass(frozen=True)
class StepMemory:
    """Bytes of the tensors of a training step at its worst moment.

    Attributes:
        fixed: Alive before the step: weights, and the optimizer's state.
        made: By the step.
        by_operator: Of `made`, by the operator that made them.
    """

    fixed: int
    made: int
    by_operator: dict[str, int]


class TensorMemory(TorchDispatchMode):
    """Count the bytes of all storages that are alive at one time.

    This is what torch's CUDA allocator would report for the same tensors,
    less the workspace of its libraries; it does not depend on the machine.

    Attributes:
        live: Bytes alive now.
        peak: Most bytes alive at one time.
        at_peak: These by the operator that made them, such as
            `aten.gelu.default`; '' made what was alive before.
    """

    def __init__(self, alive: list[Tensor] = ()) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.at_peak: dict[str, int] = {}
        self._by_operator = Counter()
        self._known = weakref.WeakSet()
        for tensor in alive:
            self._add(tensor, '')

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run the operator and count the storages it made."""
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._add(leaf, str(func))
        return result

    def _add(self, tensor: Tensor, operator: str) -> None:
        storage = tensor.untyped_storage()
        if storage in self._known:
            return
        self._known.add(storage)
        size = storage.nbytes()
        self._count(size, operator)
        if self.live > self.peak:
            self.peak, self.at_peak = self.live, dict(self._by_operator)
        end = weakref.finalize(storage, self._count, -size, operator)
        end.atexit = False

    def _count(self, size: int, operator: str) -> None:
        self.live += size
        self._by_operator[operator] += size


def count_steps(
    cfg: Config,
    shapes: Sequence[tuple[int, int]],
    images: int = 1,
    segments: int = 20,
) -> list[StepMemory]:
    """Run a training step of each size on made images, on the CPU.

    Args:
        cfg: Of a KMaXDeepLab.
        shapes: (height, width) of the images in pixels.
        segments: Of each image.
    """
    cfg = copy.deepcopy(cfg)
    if cfg.optim_wrapper.type == 'AmpOptimWrapper':
        use_cpu_amp(cfg.optim_wrapper)
    with torch.random.fork_rng(devices=[]):
        model, wrapper = build_with_optimizer(cfg)
        for parameter in model.train().parameters():
            parameter.grad = torch.zeros_like(parameter)
        wrapper.optimizer.step()  # makes the state
        counts = cfg.model.num_things_classes, cfg.model.num_stuff_classes
        parts = dicts_of(cfg.train_dataloader)  # perhaps of a wrapped set
        strides = [d['label_stride'] for d in parts if 'label_stride' in d]
        stride = max(strides, default=4)
        found = []
        for shape in shapes:
            batch = synthetic_batch(images, shape, segments, counts, stride)
            model.data_preprocessor.crop_size = shape  # it pads to it
            found.append(_count(model, wrapper, batch))
    return found


def _count(model: nn.Module, wrapper: OptimWrapper, batch: dict) -> StepMemory:
    wrapper.zero_grad()
    states = wrapper.optimizer.state.values()
    state = [v for values in states for v in values.values()]
    lasting = [*model.parameters(), *model.buffers()]
    lasting += filter(torch.is_tensor, state)
    with TensorMemory(lasting) as memory:
        fixed = memory.live
        model.train_step(batch, wrapper)
    sizes = sorted(memory.at_peak.items(), key=lambda item: -item[1])
    made = {name: size for name, size in sizes if name}
    return StepMemory(fixed, memory.peak - fixed, made)


def estimate_image(cfg: Config, segments: int = 20) -> StepMemory:
    """Count a step on one image of the config's crop, by smaller ones.

    What a step makes grows almost in a line with the pixels: two small
    images, counted in seconds, give it (docs/performance.md: up to
    7 % too little at 1281 x 1281). A small crop is counted itself.

    Returns:
        Without `by_operator`, unless it was counted.
    """
    crop = tuple(cfg.model.data_preprocessor.crop_size)
    if min(crop) <= max(SHORT_SIDES):
        return count_steps(cfg, [crop], segments=segments)[0]
    shapes = []
    for side in SHORT_SIDES:
        scale = (side - 1) / (min(crop) - 1)
        shapes.append(tuple(round((n - 1) * scale) + 1 for n in crop))
    small, large = count_steps(cfg, shapes, segments=segments)
    areas = [height * width for height, width in (*shapes, crop)]
    slope = (large.made - small.made) / (areas[1] - areas[0])
    made = large.made + slope * (areas[2] - areas[1])
    return StepMemory(small.fixed, round(made), {})
