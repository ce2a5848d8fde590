"""Study files: which arms to compare, on what; and an arm's config."""

from __future__ import annotations

import copy
import hashlib
import json
import runpy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmremax.utils.config_edits import (
    dicts_of,
    merge_options,
    set_data_root,
)
from mmremax.utils.migration import read_config

LOG_INTERVAL = 10


class StudyError(ValueError):
    """A study or its result is not as it has to be; says what to change."""


@dataclass
class Arm:
    """One of the trainings that a study compares.

    Attributes:
        options: Values by dotted config key, those of the study included.
    """

    name: str
    config: Path
    title: str = ''
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Study:
    """A comparison of arms at equal data order.

    Attributes:
        claim: What the paper says; what the study may show or refute.
        paper: The item of the paper that it mirrors, as ``'Table 3'``.
        baseline: Name of the arm that the others are compared with.
        metric: Score as the evaluator logs it.
        train_arguments: Further options of tools/train.py, ``'--amp'``.
        options: Of all arms, by dotted config key.
    """

    file: Path
    title: str
    claim: str
    paper: str
    baseline: str
    arms: Sequence[Arm]
    metric: str = 'coco_panoptic/PQ'
    seeds: Sequence[int] = (0, 1, 2)
    train_arguments: Sequence[str] = ()
    options: dict[str, Any] = field(default_factory=dict)


def load_study(path: str | Path) -> Study:
    """Read and check a study file.

    A study file is Python whose variables are the attributes of `Study`
    and whose ``arms`` are dicts of those of `Arm` by name; ``seeds`` may be
    a number. Names with a leading underscore are its own. Paths of configs
    are relative to it. A StudyError names what is wrong.
    """
    path = Path(path)
    try:
        values = runpy.run_path(str(path)).items()
        study = Study(path, **{k: v for k, v in values if k[0] != '_'})
        study.arms = [Arm(name, **arm) for name, arm in study.arms.items()]
        if isinstance(study.seeds, int):
            study.seeds = [*range(study.seeds)]
        for arm in study.arms:
            arm.config = (path.parent / arm.config).resolve(strict=True)
            arm.title = arm.title or arm.name
            arm.options = study.options | arm.options
        names = [arm.name for arm in study.arms]
        if study.baseline not in names:
            raise ValueError(
                f'baseline = {study.baseline!r} is none of the arms '
                f'{", ".join(names)}; name one of them.'
            )
    except Exception as error:
        raise StudyError(f'{path}: {type(error).__name__}: {error}') from error
    return study


def resolve(study: Study, arm: Arm, data_root: str | None = None) -> Config:
    """Build the config that an arm trains with; it has to count iterations.

    Losses are logged every tenth step, as means over ten.
    """
    cfg = read_config(arm.config)
    if data_root is not None:
        set_data_root(cfg, data_root)
    cfg.default_hooks.logger.interval = LOG_INTERVAL
    cfg.log_processor.window_size = LOG_INTERVAL
    try:
        merge_options(cfg, arm.options)
        _ = cfg.train_cfg.max_iters
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        text = str(error).replace('--cfg-options ', '')
        raise StudyError(
            f'{study.file}: arms[{arm.name!r}]: {arm.config} with options: '
            f'{type(error).__name__}: {text}'
        ) from error
    return cfg


def count_images(cfg: Config) -> tuple[int, int]:
    """Count the images that are trained on, and those of a validation."""
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    loaders = cfg.train_dataloader, cfg.val_dataloader
    train, val = (len(DATASETS.build(loader.dataset)) for loader in loaders)
    return train, val


def fingerprint(cfg: Config, seed: int, train_arguments: Sequence[str]) -> str:
    """Shorten all that decides what a run computes to one word.

    The data count by the content of the annotation files (without such
    files by the names and sizes of all files), so that a moved folder is
    the same data and another data set is not.
    """
    data = [
        _digest_of_data(Path(node['data_root'], node.get('ann_file') or ''))
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


def _digest_of_data(path: Path) -> str:
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if not path.exists():
        raise StudyError(
            f'There is no {path}. Give the folder of the data with '
            '--data-root DIR; tools/dataset_converters/make_shapes.py makes '
            'the synthetic one.'
        )
    files = sorted(path.rglob('*'))
    return digest_of(
        [(str(f.relative_to(path)), f.stat().st_size) for f in files]
    )
