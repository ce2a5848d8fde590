"""Starts the data of a resumed run at the next sample, without reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader


@HOOKS.register_module()
class ResumePositionHook(Hook):
    """Skips what was trained on by moving the sampler.

    The maintained mmengine does so by itself where the sampler has
    ``skip(num_samples)``. The original one fetches, decodes and drops every
    batch since the start; there this hook replaces the loop's iterator.
    """

    def before_train(self, runner: Runner) -> None:
        """Move the sampler, once, before the first batch is fetched."""
        loop = runner.train_loop
        if runner.iter == 0 or not isinstance(loop, IterBasedTrainLoop):
            return
        sampler = loop.dataloader.sampler
        if not hasattr(loop.dataloader_iterator, 'skip_iter') and hasattr(
            sampler, 'skip'
        ):
            sampler.skip(runner.iter * loop.dataloader.batch_size)
            loop.dataloader_iterator = PositionedIterator(
                loop.dataloader, runner.iter
            )


class PositionedIterator:
    """Answers the first `num_skipped` requests for a batch with None.

    The loop asks for batches already trained on and drops them; the sampler
    of `dataloader` stands after them.
    """

    def __init__(self, dataloader: DataLoader, num_skipped: int) -> None:
        self.dataloader = dataloader
        self.num_skipped = num_skipped
        self.iterator: Iterator | None = None

    def __iter__(self) -> PositionedIterator:
        return self

    def __next__(self) -> Any:
        if self.num_skipped > 0:
            self.num_skipped -= 1
            return None
        if self.iterator is None:
            self.iterator = iter(self.dataloader)
        return next(self.iterator)
