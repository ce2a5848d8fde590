"""Study files: which arms to compare, on what, by which score."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mmremax.utils.config_edits import near


class StudyError(ValueError):
    """A study cannot be run as written; the message says what to change."""


@dataclass(frozen=True)
class Arm:
    """One of the trainings that a study compares.

    Attributes:
        name: Short name, also of its folder.
        title: For tables and pictures.
        config: Config file.
        options: Values by dotted config key, those of the study included.
    """

    name: str
    title: str
    config: Path
    options: dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A comparison of arms at equal data order.

    Attributes:
        file: Where it was read from.
        name: Stem of the file.
        title: One line.
        claim: What the paper says; what the study may show or refute.
        paper: The item of the paper that it mirrors, as ``'Table 3'``.
        metric: Score as the evaluator logs it, ``'coco_panoptic/PQ'``.
        higher_is_better: Of the metric.
        baseline: Name of the arm that the others are compared with.
        seeds: Seeds of the runs, in order.
        budget: Minutes after which no run starts; None is no limit.
        train_arguments: Further options of tools/train.py, ``'--amp'``.
        arms: In order.
    """

    file: Path
    name: str
    title: str
    claim: str
    paper: str
    metric: str
    higher_is_better: bool
    baseline: str
    seeds: tuple[int, ...]
    budget: float | None
    train_arguments: tuple[str, ...]
    arms: tuple[Arm, ...]

    @property
    def score(self) -> str:
        """The metric without its prefix."""
        return self.metric.rsplit('/', 1)[-1]


# Keys of a study file, what they hold, and those that may be left out.
KEYS = {
    '_base_': str,
    'title': str,
    'claim': str,
    'paper': str,
    'metric': str,
    'higher_is_better': bool,
    'baseline': str,
    'seeds': (int, list, tuple),
    'budget': (int, float, type(None)),
    'train_arguments': (list, tuple),
    'options': dict,
    'arms': dict,
}
DEFAULTS = {
    'metric': 'coco_panoptic/PQ',
    'higher_is_better': True,
    'seeds': 3,
    'budget': None,
    'train_arguments': (),
    'options': {},
}
ARM_KEYS = {'title': str, 'config': str, 'options': dict}


def load_study(path: str | Path) -> Study:
    """Read and check a study file.

    A study file is Python whose variables are the keys above; names with a
    leading underscore are its own. Paths of configs are relative to the
    file that names them. ``_base_`` names a study file whose values stand
    where this one sets none; ``options`` of both are merged.

    Args:
        path: Of the file.

    Returns:
        The study; its configs exist but have not been read.

    Raises:
        StudyError: Names the file, the key and the remedy.
    """
    path = Path(path)
    values = DEFAULTS | _read(path)
    for key in KEYS:
        if key not in values and key != '_base_':
            raise StudyError(f'{path}: {key} is missing; add {key} = ...')
    arms = tuple(
        _arm(path, name, spec, values['options'])
        for name, spec in values['arms'].items()
    )
    names = [arm.name for arm in arms]
    if values['baseline'] not in names:
        raise StudyError(
            f'{path}: baseline = {values["baseline"]!r} is none of the arms '
            f'{", ".join(names)}; name one of them.'
        )
    return Study(
        file=path,
        name=path.stem,
        arms=arms,
        seeds=_seeds(path, values['seeds']),
        train_arguments=tuple(map(str, values['train_arguments'])),
        **{
            key: values[key]
            for key in (
                'title',
                'claim',
                'paper',
                'metric',
                'higher_is_better',
                'baseline',
                'budget',
            )
        },
    )


def _read(path: Path) -> dict[str, Any]:
    """Execute a file and those it builds on; check names and types."""
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
        if (key == '_base_' or not key.startswith('_'))
        and not isinstance(value, ModuleType)
    }
    _check(str(path), values, KEYS)
    for name, spec in values.get('arms', {}).items():
        where = f'{path}: arms[{name!r}]'
        if not isinstance(spec, dict):
            raise StudyError(f'{where} is {spec!r}; make it a dict.')
        _check(where, spec, ARM_KEYS)
        if 'config' in spec:
            spec['config'] = str((path.parent / spec['config']).resolve())
    if '_base_' not in values:
        return values
    base = _read(path.parent / values.pop('_base_'))
    options = base.get('options', {}) | values.get('options', {})
    return base | values | {'options': options}


def _check(where: str, values: dict, known: dict[str, Any]) -> None:
    """Refuse unknown keys and values of a wrong type."""
    for key, value in values.items():
        if key not in known:
            found = near(str(key), known)
            hint = f'Did you mean {" or ".join(found)}?' if found else ''
            raise StudyError(
                f'{where}: {key} is no key of a study. {hint} '
                f'Keys are {", ".join(known)}; a name of your own starts '
                'with an underscore.'
            )
        is_bool = isinstance(value, bool) and known[key] is not bool
        if is_bool or not isinstance(value, known[key]):
            types = known[key]
            types = types if isinstance(types, tuple) else (types,)
            wanted = ' or '.join(t.__name__ for t in types)
            raise StudyError(
                f'{where}: {key} is {value!r}; it must be a {wanted}.'
            )


def _arm(path: Path, name: str, spec: dict, options: dict) -> Arm:
    where = f'{path}: arms[{name!r}]'
    if not isinstance(name, str) or not name.replace('-', '').isidentifier():
        raise StudyError(
            f'{where}: the name is a folder too; use letters, digits, - and '
            '_, with a letter first.'
        )
    if 'config' not in spec:
        raise StudyError(f'{where}: config is missing; name a config file.')
    config = Path(spec['config'])
    if not config.is_file():
        raise StudyError(
            f'{where}: config: there is no file {config}; the path is '
            'relative to the study file.'
        )
    return Arm(
        name=name,
        title=spec.get('title', name),
        config=config,
        options=options | spec.get('options', {}),
    )


def _seeds(path: Path, seeds: Any) -> tuple[int, ...]:
    """Turn a number of seeds into 0, 1, ...; keep a list."""
    seeds = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
    if not seeds or not all(isinstance(s, int) and s >= 0 for s in seeds):
        raise StudyError(
            f'{path}: seeds must be a number >= 1 or a list of integers >= 0.'
        )
    return seeds
