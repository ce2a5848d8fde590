"""Runs that are resumed go on as if they had never stopped."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.registry import HOOKS
from mmengine.dist import (
    all_gather_object,
    all_reduce,
    get_rank,
    get_world_size,
)
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmremax.utils.checkpoint import check_shapes
from mmremax_runtime.errors import InputError
from mmremax_runtime.files import writing


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """mmengine's hook, made exact on resume and safe against a kill.

    - A file is written beside its target and renamed (`AtomicBackend`), and
      an older one is removed only after the newer one is there.
    - The random states of all ranks are stored as ``random_states`` and put
      back before the first resumed step. A validation leaves them as it
      found them, so it does not matter whether one lay between the
      checkpoint and the kill.
    - Norm statistics are averaged over the ranks first, so what is saved is
      not rank 0's alone and every rank goes on from what is in the file.

    Takes the arguments of mmengine's ``CheckpointHook``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault('backend_args', {'backend': 'atomic'})
        super().__init__(*args, **kwargs)
        self.to_save: list[dict] | None = None
        self.to_restore: list[dict] | None = None
        self.before_validation: dict | None = None

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Continue the random streams at the first step after a resume."""
        self._continue_streams(runner)  # its batch drew from them
        self.to_restore = None

    def before_val(self, runner: Runner) -> None:
        """Remember the random states; a validation draws from them."""
        self._continue_streams(runner)
        self.before_validation = get_random_states()

    def before_val_epoch(self, runner: Runner) -> None:
        """Let every rank evaluate with the same norm statistics."""
        average_buffers(runner)

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Keep the best weights of a training; `Runner.val` has none."""
        if not hasattr(self, 'file_backend'):  # made before a training
            return
        for name in self.save_best and self.key_indicators or ():
            if metrics and name not in metrics and name != 'auto':
                raise InputError(
                    f'default_hooks.checkpoint.save_best is {name!r}, but '
                    f'the evaluators give {", ".join(metrics)}: name one of '
                    'these.'
                )
        super().after_val_epoch(runner, metrics)

    def after_val(self, runner: Runner) -> None:
        """Put the random states back."""
        set_random_states(self.before_validation)
        self.before_validation = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the random states to a checkpoint that can be resumed."""
        if 'optimizer' in checkpoint and self.to_save is not None:
            checkpoint['random_states'] = self.to_save

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse weights of another shape; take the random states."""
        check_shapes(runner.model, checkpoint, str(runner._load_from))
        self.to_restore = checkpoint.get('random_states')

    def _continue_streams(self, runner: Runner) -> None:
        states = self.to_restore
        # Step 0: a checkpoint was loaded to start from, not resumed.
        if states is None or runner.iter == 0:
            return
        if len(states) == get_world_size():
            set_random_states(states[get_rank()])
        else:
            runner.logger.warning(
                f'The checkpoint was written by {len(states)} '
                f'processes, this run has {get_world_size()}: the random '
                'streams start anew.'
            )

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        # After a validation that found a new best score, mmengine saves the
        # step again: then the states from before it are the right ones. Of
        # a step within an accumulated update no run could go on.
        counts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if self.before_validation and step % counts:
            return
        average_buffers(runner)
        self.to_save = all_gather_object(
            self.before_validation or get_random_states()
        )
        with self._removals_postponed():
            super()._save_checkpoint_with_step(runner, step, meta)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        with self._removals_postponed():
            super()._save_best_checkpoint(runner, metrics)

    @contextmanager
    def _removals_postponed(self) -> Iterator[None]:
        """Remove older files only after the new one has been written."""
        removed: list[str] = []
        remove = self.file_backend.remove
        self.file_backend.remove = removed.append
        try:
            yield
        finally:
            self.file_backend.remove = remove
        for path in removed:
            remove(path)


def average_buffers(runner: Runner) -> None:
    """Average floating-point buffers over the ranks, EMAHook's, too."""
    if get_world_size() == 1:
        return
    model = runner.model
    model = model.module if is_model_wrapper(model) else model
    averages = [h.ema_model for h in runner.hooks if isinstance(h, EMAHook)]
    for module in (model, *averages):
        for buffer in module.buffers():
            if buffer.is_floating_point():
                all_reduce(buffer, 'mean')


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
        skips_itself = hasattr(loop.dataloader_iterator, 'skip_iter')
        if hasattr(sampler, 'skip') and not skips_itself:
            sampler.skip(runner.iter * loop.dataloader.batch_size)
            loop.dataloader_iterator = positioned(loop.dataloader, runner.iter)


def positioned(dataloader: DataLoader, num_skipped: int) -> Iterator:
    """Answer the first `num_skipped` requests for a batch with None.

    The loop asks for batches already trained on and drops them; the sampler
    of `dataloader` stands after them.
    """
    yield from repeat(None, num_skipped)
    yield from dataloader


@register_backend('atomic', force=True)
class AtomicBackend(LocalBackend):
    """Writes beside the target, then renames.

    A process killed while writing leaves the previous file as it was, and
    at most a stray ``.*.tmp``, which the next start in that folder removes
    (`sole_writer`). A write that fails leaves nothing.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file in one step; missing folders are made."""
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f'.{path.name}.tmp')
        try:
            with (
                writing(f'{path} ({len(obj) / 2**20:.1f} MiB)'),
                open(unfinished, 'wb') as file,
            ):
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except BaseException:  # a full disk needs the space
            unfinished.unlink(missing_ok=True)
            raise


def get_random_states() -> dict:
    """Read the states of Python's, NumPy's, torch's and CUDA's generators.

    Returns:
        Tensors and plain numbers only, so that a checkpoint with them loads
        with ``weights_only=True``. ``cuda`` is the current device's, None
        without one.
    """
    version, words, gauss = random.getstate()
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002
    return {
        'python': [version, torch.tensor(words), gauss],
        'numpy': [
            torch.from_numpy(numpy_state['state']['key'].astype(np.int64)),
            int(numpy_state['state']['pos']),
            int(numpy_state['has_gauss']),
            float(numpy_state['gauss']),
        ],
        'torch': torch.get_rng_state(),
        'cuda': (
            torch.cuda.get_rng_state() if torch.cuda.is_available() else None
        ),
    }


def set_random_states(states: dict) -> None:
    """Put every generator where :func:`get_random_states` found it."""
    version, words, gauss = states['python']
    random.setstate((version, tuple(words.tolist()), gauss))
    key, position, has_gauss, cached = states['numpy']
    np.random.set_state(  # noqa: NPY002
        ('MT19937', key.cpu().numpy(), position, has_gauss, cached)
    )
    torch.set_rng_state(states['torch'].cpu())
    if states['cuda'] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states['cuda'].cpu())
