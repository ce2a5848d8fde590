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


def relaxed_outputs(node: dict) -> str | None:
    """The head says how many outputs are relaxed, not its mask loss."""
    if 'mask_loss' not in node or 'num_relaxed' in node:
        return None
    if node['mask_loss'].get('type') != 'ReMaskLoss':
        return None
    node['num_relaxed'] = node['mask_loss'].pop('num_stages', 4)
    return '`mask_loss.num_stages` is now `num_relaxed` of the head'


def remask_of_mask2former(node: dict) -> str | None:
    """The loss relaxes, and the assigner is the one that `train_cfg` names.

    Called with the detector, which has both.
    """
    head = node.get('panoptic_head') or {}
    if 'remask' not in head:
        return None
    head['mask_loss'] = head.pop('remask')
    node['train_cfg']['assigner'] = dict(
        head.pop('reclass'), base=node['train_cfg']['assigner']
    )
    return (
        '`remask` is now `mask_loss` of the head, and `reclass` stands around '
        '`train_cfg.assigner`'
    )


MP_CFG_REMOVED = dict(
    query_budget=None,
    per_head_noise=False,
    with_cls_loss=True,
    loss_weight=1.0,
    padding='reference',
    max_gt=None,
)
"""Removed keys and the one value that every config had."""


def mask_pilots(node: dict) -> str | None:
    """Keys of MP-Former that only ever had one value."""
    settings = node.get('mp_cfg') or {}
    gone = [key for key in MP_CFG_REMOVED if key in settings]
    for key in gone:
        if settings[key] != MP_CFG_REMOVED[key]:
            raise ConfigKeyError(
                f'mp_cfg.{key}={settings[key]!r} is no longer possible, only '
                f'{MP_CFG_REMOVED[key]!r}: leave the key out.'
            )
        del settings[key]
    return f'mp_cfg has no {", ".join(gone)} any more' if gone else None


RULES: tuple[Rule, ...] = (
    strict_pretrained,
    remask_of_mask2former,
    relaxed_outputs,
    mask_pilots,
)


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
