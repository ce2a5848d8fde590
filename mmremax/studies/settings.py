"""What an arm trains with: its resolved config, and a name for that."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmremax.utils.config_edits import (
    ConfigKeyError,
    dicts_of,
    merge_options,
    set_data_root,
)
from mmremax.utils.migration import read_config

from .study import Arm, Study, StudyError

LOG_INTERVAL = 10


def resolve(study: Study, arm: Arm, data_root: str | None = None) -> Config:
    """Build the config that an arm trains with.

    Losses are logged every tenth step, as means over ten.

    Raises:
        StudyError: An option has no effect, or the config counts epochs.
    """
    where = f'{study.file}: arms[{arm.name!r}]'
    cfg = read_config(arm.config)
    if data_root is not None:
        set_data_root(cfg, data_root)
    cfg.default_hooks.logger.interval = LOG_INTERVAL
    cfg.log_processor.window_size = LOG_INTERVAL
    try:
        merge_options(cfg, arm.options)
    except (ConfigKeyError, KeyError, TypeError, IndexError) as error:
        text = str(error).replace('--cfg-options ', '')
        raise StudyError(
            f'{where}: options do not fit {arm.config}: '
            f'{type(error).__name__}: {text}'
        ) from error
    if 'max_iters' not in cfg.train_cfg:
        raise StudyError(
            f'{where}: {arm.config} has no train_cfg.max_iters; a study '
            'compares runs of a number of iterations.'
        )
    return cfg


def fingerprint(
    cfg: Config, seed: int, train_arguments: tuple[str, ...] = ()
) -> str:
    """Shorten all that decides what a run computes to one word.

    The data count by the content of the annotation files (without such
    files by the names and sizes of all files), so that a moved folder is
    the same data and another data set is not.

    Raises:
        StudyError: The data are not there.
    """
    data = [
        _digest(Path(node['data_root'], node.get('ann_file') or ''))
        for name in ('train_dataloader', 'val_dataloader')
        for node in dicts_of(cfg[name])
        if node.get('data_root')
        and (node.get('ann_file') or node.get('data_prefix'))
    ]
    moved = copy.deepcopy(cfg)
    set_data_root(moved, 'DATA')
    return digest_of([moved.to_dict(), seed, train_arguments, data])


def digest_of(values: Any) -> str:
    """Shorten plain values to one word that differs when they do."""
    text = json.dumps(values, default=repr, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    """Digest of a file, or of the names and sizes below a folder."""
    if not path.exists():
        raise StudyError(
            f'There is no {path}. Give the folder of the data with '
            '--data-root DIR; tools/dataset_converters/make_shapes.py makes '
            'the synthetic one.'
        )
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    files = sorted(path.rglob('*'))
    return digest_of(
        [(str(f.relative_to(path)), f.stat().st_size) for f in files]
    )
