"""Checkpoints from which a run continues as if it had never stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import (
    all_gather_object,
    all_reduce,
    get_rank,
    get_world_size,
)
from mmengine.hooks import CheckpointHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmremax.engine.random_states import (
    get_random_states,
    set_random_states,
)


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
        states, self.to_restore = self.to_restore, None
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

    def before_val(self, runner: Runner) -> None:
        """Remember the random states; a validation draws from them."""
        self.before_validation = get_random_states()

    def before_val_epoch(self, runner: Runner) -> None:
        """Let every rank evaluate with the same norm statistics."""
        average_buffers(runner)

    def after_val(self, runner: Runner) -> None:
        """Put the random states back."""
        set_random_states(self.before_validation)
        self.before_validation = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the random states to a checkpoint that can be resumed."""
        if 'optimizer' in checkpoint and self.to_save is not None:
            checkpoint['random_states'] = self.to_save

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the random states from a checkpoint."""
        self.to_restore = checkpoint.get('random_states')

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        average_buffers(runner)
        # After a validation that found a new best score, mmengine saves the
        # step again: then the states from before it are the right ones.
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
    """Average the floating-point buffers of the model over the ranks."""
    if get_world_size() == 1:
        return
    model = runner.model
    model = model.module if is_model_wrapper(model) else model
    for buffer in model.buffers():
        if buffer.is_floating_point():
            all_reduce(buffer, 'mean')
