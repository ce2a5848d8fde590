"""Study files: which arms to compare, on what, by which score."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import ModuleType
from typing import Any

from mmremax.utils.config_edits import suggestion


class StudyError(ValueError):
    """A study cannot be run as written; the message says what to change."""


@dataclass(frozen=True)
class Arm:
    """One of the trainings that a study compares.

    Attributes:
        name: Short name, also of a folder.
        config: Config file.
        title: For tables and figures.
        options: Values by dotted config key, those of the study included.
    """

    name: str
    config: Path
    title: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A comparison of arms at equal data order.

    Attributes:
        file: Where it was read from.
        title: One line.
        claim: What the paper says; what the study may show or refute.
        paper: The item of the paper that it mirrors, as ``'Table 3'``.
        baseline: Name of the arm that the others are compared with.
        arms: In order.
        metric: Score as the evaluator logs it.
        seeds: Of the runs, in order.
        train_arguments: Further options of tools/train.py, ``'--amp'``.
        options: Of all arms, by dotted config key.
    """

    file: Path
    title: str
    claim: str
    paper: str
    baseline: str
    arms: tuple[Arm, ...]
    metric: str = 'coco_panoptic/PQ'
    seeds: tuple[int, ...] = (0, 1, 2)
    train_arguments: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def score(self) -> str:
        """The metric without its prefix."""
        return self.metric.rpartition('/')[2]


def load_study(path: str | Path) -> Study:
    """Read and check a study file.

    A study file is Python whose variables are the attributes of `Study`
    and whose ``arms`` are dicts of those of `Arm` by name; ``seeds`` may be
    a number. Names with a leading underscore are its own. Paths of configs
    are relative to it.

    Raises:
        StudyError: Names the file, the key and the remedy.
    """
    path = Path(path)
    if not path.is_file():
        raise StudyError(f'There is no study file {path}.')
    try:
        content = runpy.run_path(str(path))
    except Exception as error:
        raise StudyError(
            f'{path}: cannot be executed: {type(error).__name__}: {error}'
        ) from error
    values = {
        key: value
        for key, value in content.items()
        if not key.startswith('_') and not isinstance(value, ModuleType)
    }
    known = [f.name for f in fields(Study) if f.name != 'file']
    _check(path, values, known, known[:5])
    seeds = values.get('seeds', 3)
    values['seeds'] = range(seeds) if isinstance(seeds, int) else seeds
    values['arms'] = tuple(
        _arm(f'{path}: arms[{name!r}]', name, spec, path.parent, values)
        for name, spec in values['arms'].items()
    )
    if not all(isinstance(seed, int) for seed in values['seeds']):
        raise StudyError(f'{path}: seeds must be a number or a list of them.')
    names = [arm.name for arm in values['arms']]
    if values['baseline'] not in names:
        raise StudyError(
            f'{path}: baseline = {values["baseline"]!r} is none of the arms '
            f'{", ".join(names)}; name one of them.'
        )
    return Study(file=path, **values)


def _arm(where: str, name: str, spec: Any, folder: Path, study: dict) -> Arm:
    _check(where, spec, ['config', 'title', 'options'], ['config'])
    if not name.replace('-', '').isidentifier():
        raise StudyError(
            f'{where}: the name is a folder too; use letters, digits, - and '
            '_, with a letter first.'
        )
    config = (folder / spec['config']).resolve()
    if not config.is_file():
        raise StudyError(
            f'{where}: config: there is no file {config}; the path is '
            'relative to the study file.'
        )
    options = study.get('options', {}) | spec.get('options', {})
    return Arm(name, config, spec.get('title', name), options)


def _check(where: object, values: Any, known: list, needed: list) -> None:
    """Refuse what is no dict, unknown keys and missing ones."""
    if not isinstance(values, dict):
        raise StudyError(f'{where} is {values!r}; make it a dict.')
    for key in values:
        if key not in known:
            raise StudyError(
                f'{where}: {key} is no key. {suggestion(key, known)} A name '
                'of your own starts with an underscore.'
            )
    for key in needed:
        if key not in values:
            raise StudyError(f'{where}: {key} is missing; add {key} = ...')
