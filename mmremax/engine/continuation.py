"""A resumed run is the run that was stopped, or it is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmremax.utils.checkpoint import misfits, some
from mmremax_runtime.errors import InputError

from .count_hooks import leaf_datasets

# Settings that a file's state overrides in silence, or that decide which
# samples a step sees.
COMPARED = (
    *('optim_wrapper.optimizer', 'optim_wrapper.paramwise_cfg'),
    *('optim_wrapper.constructor', 'optim_wrapper.accumulative_counts'),
    *('param_scheduler', 'auto_scale_lr', 'train_dataloader'),
)
# Of the loader: where the data lie, and how fast they come.
FREE = (
    *('data_root', 'ann_file', 'data_prefix', 'backend_args', 'lazy_init'),
    *('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor'),
    *('timeout', 'multiprocessing_context', 'worker_init_fn'),
)
NUM_SAMPLES = 1000  # entries of a data set that are looked at


class ContinuationError(InputError):
    """A checkpoint is not of the run that is to go on."""


class ContinuationHook(Hook):
    """Stores what a run was made of, and compares it on resume.

    Compared are shapes of the weights, optimiser, schedules, number of
    processes, batch, pipeline and data (their number, and names and sizes
    of a thousand annotations; their folder may have moved).

    Args:
        settings: Those of the config, before a Runner is built from it.
    """

    priority = 'VERY_HIGH'

    def __init__(self, settings: dict[str, str]) -> None:
        self.settings = settings

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the facts to a checkpoint that can be resumed."""
        if 'optimizer' in checkpoint:
            checkpoint['run'] = self._facts(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare what is resumed; `load_from` may be of anything."""
        if not runner._resume:
            return
        source = f'--resume {runner._load_from}'
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        if text := misfits(checkpoint['state_dict'], model.state_dict()):
            raise ContinuationError(
                f"{source}: the config's model is not that of the run. {text}"
            )
        stay_here(checkpoint['message_hub']['runtime_info'], runner.work_dir)
        if 'run' not in checkpoint:
            runner.logger.warning(
                f'{source}: the file does not say with which batch, schedule '
                'and data it was trained; they are not compared.'
            )
            return
        saved, facts = checkpoint['run'], self._facts(runner)
        if text := differences(saved, facts, 'in the run', 'now'):
            raise ContinuationError(
                f'{source}: this would not continue the run: {text}. Give '
                "the run's own config, options and data; or start a new run "
                'from its weights with --cfg-options load_from=FILE.'
            )

    def _facts(self, runner: Runner) -> dict[str, str]:
        data = describe_data(runner.train_dataloader.dataset)
        count = str(get_world_size())
        return {**self.settings, 'processes': count, 'training data': data}


def settings_of(cfg: Config) -> dict[str, str]:
    """Flatten what COMPARED names: dotted keys and their values as text."""
    found = {}
    for name in COMPARED:
        node: Any = cfg.to_dict()
        for key in name.split('.'):
            node = node.get(key) if isinstance(node, dict) else None
        found |= _flatten(name, node)
    return found


def differences(
    old: dict[str, str], new: dict[str, str], before: str, after: str
) -> str:
    """Name what differs between two runs; empty if nothing does."""
    nothing = 'absent'
    keys = [
        key
        for key in sorted(old.keys() | new.keys())
        if old.get(key, nothing) != new.get(key, nothing)
    ]
    return some(
        f'{key} is {old.get(key, nothing)} {before}, '
        f'{new.get(key, nothing)} {after}'
        for key in keys
    )


def describe_data(dataset: Any) -> str:
    """Number the images, and shorten names and annotations to a word."""
    number, digest = 0, hashlib.sha256()
    for part in leaf_datasets(dataset):
        number += len(part)
        if hasattr(part, 'get_data_info'):
            for index in range(0, len(part), len(part) // NUM_SAMPLES + 1):
                info = part.get_data_info(index)
                name = Path(str(info.get('img_path'))).name
                parts = info.get('segments_info', info.get('instances')) or ()
                digest.update(f'{name} {len(parts)}\n'.encode())
    return f'{number} images ({digest.hexdigest()[:8]})'


def stay_here(info: dict, work_dir: str) -> None:
    """Let a copied run folder remove its own best file, not the original's.

    Args:
        info: Of the message hub in a checkpoint; changed in place.
        work_dir: Of the run that goes on.
    """
    for key, value in info.items():
        if key == 'last_ckpt' or key.startswith('best_ckpt'):
            info[key] = value and str(Path(work_dir) / Path(value).name)


def _flatten(name: str, node: Any) -> dict[str, str]:
    if isinstance(node, dict):
        items = [(k, v) for k, v in node.items() if k not in FREE]
    elif isinstance(node, list | tuple):
        items = list(enumerate(node))
    else:
        return {} if node is None else {name: repr(node)}
    return {
        k: v
        for key, value in items
        for k, v in _flatten(f'{name}.{key}', value).items()
    }
