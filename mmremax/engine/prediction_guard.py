"""Stops an evaluation whose predictions are not finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import Tensor

from .count_hooks import head_of

REMEDY = (
    'the model predicts values that are not finite: its weights are broken, '
    'or half precision overflows. Take another checkpoint.'
)


class PredictionGuard:
    """Part of a hook: looks at what the head returns, and at the results.

    Without it such a model calls every pixel void, or anything.
    """

    handle = None
    is_finite = True

    def before_val(self, runner: Runner) -> None:
        """Watch the head; a segmentor has its logits in its results."""
        if self.handle is None:
            head = head_of(runner.model)
            self.handle = head.register_forward_hook(self._look)

    before_test = before_val

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Raise, naming the images."""
        if self.is_finite and all(map(is_finite, tensors_in(outputs))):
            return
        paths = [str(sample.get('img_path')) for sample in outputs or ()]
        raise self.error(f'{", ".join(paths)}: {REMEDY}')

    after_test_iter = after_val_iter

    def _look(self, head: Any, args: tuple, output: Any) -> None:
        if not head.training:
            self.is_finite &= all(map(is_finite, tensors_in(output)))


def is_finite(tensor: Tensor) -> bool:
    """Return whether no value is infinite or not a number."""
    return not tensor.is_floating_point() or bool(tensor.isfinite().all())


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors of a nested output."""
    if isinstance(value, Tensor):
        yield value
        return
    if isinstance(value, BaseDataElement | Mapping):
        value = value.values()
    elif is_dataclass(value):
        value = [getattr(value, field.name) for field in fields(value)]
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        yield from tensors_in(part)
