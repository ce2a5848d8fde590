"""Reads a config, also one that an earlier version of this package wrote."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.logging import print_log
from mmengine.utils import is_installed

from .config_edits import ConfigKeyError, dicts_of

Rule = Callable[[dict], str | None]
"""Brings one dict of a config up to date, in place.

Is called with every dict of the config that has a `type`, the outer ones
first, and returns what it changed in words, or None. Where no present key
means the same it raises a ConfigKeyError that says what to write instead.
"""


def read_config(path: str | Path) -> Config:
    """Read a config file and bring it up to date."""
    with _mmseg_found_by_module():
        cfg = Config.fromfile(path)
    try:
        migrate(cfg)
    except ConfigKeyError as error:
        raise ConfigKeyError(f'{path}: {error}') from None
    return cfg


def migrate(cfg: Config) -> None:
    """Rewrite what an earlier version wrote otherwise; say what changed.

    Args:
        cfg: Changed in place.

    Raises:
        ConfigKeyError: A key is gone and nothing means the same.
    """
    nodes = [node for node in dicts_of(cfg._cfg_dict) if 'type' in node]
    notes = [rule(node) for rule in RULES for node in nodes]
    # One that is written in many places (a data set's) is told once.
    for note in dict.fromkeys(filter(None, notes)):
        print_log(
            f'This config is of an earlier version: {note}.',
            level=logging.WARNING,
        )


def strict_pretrained(node: dict) -> str | None:
    """The strict initial weights stand in a scope of their own."""
    if node['type'] != 'Pretrained' or 'strict' not in node:
        return None
    if node.pop('strict'):
        node['_scope_'] = 'mmremax'
    return "`strict=True` of type='Pretrained' is now `_scope_='mmremax'`"


RULES: tuple[Rule, ...] = (strict_pretrained,)


@contextmanager
def _mmseg_found_by_module() -> Iterator[None]:
    """Let `_base_ = 'mmseg::...'` be read, whatever the distribution.

    mmengine looks such files up in the distribution `mmsegmentation`; in the
    maintained family it has another name, but the module is the same.
    """
    distribution = MODULE2PACKAGE['mmseg']
    if not is_installed(distribution):
        MODULE2PACKAGE['mmseg'] = 'mmseg'
    try:
        yield
    finally:
        MODULE2PACKAGE['mmseg'] = distribution
