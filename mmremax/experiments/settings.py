"""The resolved config of a run, and how two of them differ."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremax.utils.config_edits import (
    RUNNER_KEYS,
    ConfigKeyError,
    dicts_of,
    merge_options,
    set_data_root,
)
from mmremax.utils.migration import read_config

from .study import (
    Arm,
    Study,
    StudyError,
)

LOG_INTERVAL = 10
# Where a run writes and starts from: not what it computes.
PLACES = {'work_dir', 'launcher', 'resume', 'experiment_name', 'log_level'}
# How fast a run reads and how often it writes: not what it computes either.
PACE = {
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
    'interval',
    'max_keep_ckpts',
}


def resolve(study: Study, arm: Arm, data_root: str | None = None) -> Config:
    """Build the config that an arm trains with.

    Args:
        study: For messages, and the metric that the best score is of.
        arm: Config and options.
        data_root: Folder of the data; None keeps the config's.

    Returns:
        The config with the arm's options. Losses are logged every tenth
        step, as means over ten.

    Raises:
        StudyError: An option has no effect, or the config counts epochs.
    """
    where = f'{study.file}: arms[{arm.name!r}]'
    cfg = read_config(arm.config)
    if data_root is not None:
        set_data_root(cfg, data_root)
    log = {
        'default_hooks.logger.interval': LOG_INTERVAL,
        'log_processor.window_size': LOG_INTERVAL,
    }
    try:
        cfg.merge_from_dict(log)
        merge_options(cfg, arm.options)
    except ConfigKeyError as error:
        text = str(error).replace('--cfg-options ', '')
        raise StudyError(f'{where}: options: {text}') from error
    except (KeyError, TypeError, IndexError) as error:
        raise StudyError(
            f'{where}: options do not fit {arm.config}: '
            f'{type(error).__name__}: {error}'
        ) from error
    if not cfg.get('train_cfg', {}).get('max_iters'):
        raise StudyError(
            f'{where}: {arm.config} has no train_cfg.max_iters; a study '
            'compares runs of a number of iterations.'
        )
    return cfg


def settings_of(
    cfg: Config, seed: int, train_arguments: tuple[str, ...] = ()
) -> dict[str, Any]:
    """List everything that decides what a run computes.

    The data count by the content of the annotation files (without such
    files by the names and sizes of all files), so that a moved folder is
    the same data and another data set is not.

    Args:
        cfg: Resolved.
        seed: Of the run.
        train_arguments: Further options of tools/train.py.

    Returns:
        Plain values by dotted key.
    """
    kept = {
        key: value
        for key, value in cfg.to_dict().items()
        if key in RUNNER_KEYS - PLACES
    }
    rows: dict[str, Any] = {}
    for key, value in _leaves(kept):
        last = key.rsplit('.', 1)[-1]
        if last not in {'data_root', 'ann_file', *PACE}:
            rows[key] = value
    for name in ('train_dataloader', 'val_dataloader'):
        for i, node in enumerate(dicts_of(cfg.get(name) or {})):
            if isinstance(node.get('data_root'), str):
                path = Path(node['data_root'], node.get('ann_file') or '')
                rows[f'{name}.data.{i}'] = _digest(path)
    rows.pop('randomness.seed', None)
    rows['seed'] = seed
    rows['train_arguments'] = list(train_arguments)
    return json.loads(json.dumps(rows, default=repr, sort_keys=True))


def fingerprint(settings: dict[str, Any]) -> str:
    """Shorten settings to one word that differs when they do."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(old: dict, new: dict, limit: int = 5) -> str:
    """Name the keys whose values differ, ``key: old -> new``."""
    missing = '(none)'
    changed = [
        f'{key}: {old.get(key, missing)} -> {new.get(key, missing)}'
        for key in sorted(old.keys() | new.keys())
        if old.get(key, missing) != new.get(key, missing)
    ]
    more = f'; {len(changed) - limit} more' if len(changed) > limit else ''
    return '; '.join(changed[:limit]) + more


def check_data(study: Study, cfg: Config) -> None:
    """Raise before the first run where the data are not there.

    Args:
        study: For the message.
        cfg: Resolved; data sets without ``ann_file`` and ``data_root`` are
            let through.
    """
    for name in ('train_dataloader', 'val_dataloader'):
        for node in dicts_of(cfg.get(name) or {}):
            root = node.get('data_root')
            if not isinstance(root, str) or not root:
                continue
            path = Path(root, node.get('ann_file') or '')
            if _reads_files(node) and not path.exists():
                raise StudyError(
                    f'{study.file}: {name} reads {path}, which is not '
                    'there. Give the folder of the data with --data-root '
                    'DIR; tools/dataset_converters/make_shapes.py makes '
                    'the synthetic one.'
                )


def _reads_files(node: dict) -> bool:
    return bool(node.get('ann_file') or node.get('data_prefix'))


@lru_cache
def _digest(path: Path) -> str:
    """Digest of a file, or of the names and sizes below a folder."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    digest = hashlib.sha256()
    for file in sorted(path.rglob('*')):
        row = f'{file.relative_to(path)} {file.stat().st_size}\n'
        digest.update(row.encode())
    return digest.hexdigest()[:16]


def _leaves(node: Any, prefix: str = '') -> list[tuple[str, Any]]:
    """Flatten nested dicts and lists to dotted keys."""
    if isinstance(node, dict) and node:
        items = node.items()
    elif isinstance(node, list | tuple) and any(
        isinstance(value, dict) for value in node
    ):
        items = enumerate(node)
    else:
        return [(prefix, node)]
    return [
        leaf
        for key, value in items
        for leaf in _leaves(value, f'{prefix}.{key}' if prefix else str(key))
    ]
