"""Reads a config, also one that an earlier version of this package wrote."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.logging import print_log
from mmengine.utils import is_installed
from mmseg.registry import MODELS

from . import half_weights
from .config_edits import ConfigKeyError, dicts_of
from .config_errors import ConfigError, reading
from .model_index import OURS, find_config
from .safe_loading import safe_loading

Rule = Callable[[dict], str | None]
"""Brings one dict of a config up to date, in place.

Is called with every dict of the config that has a `type`, the outer ones
first, and returns what it changed in words, or None. Where no present key
means the same it raises a ConfigKeyError that says what to write instead.
"""


def read_config(path: str | Path) -> Config:
    """Read a config file and bring it up to date.

    Of a `.json`, as published models have it, nothing is imported or run.
    """
    try:
        with reading(path):
            return _read_config(path)
    except ConfigError as error:
        if 'soft_preprocessor' not in str(error):
            raise
        raise ConfigKeyError(
            f'{path}: the overlay has no soft_preprocessor any more: leave '
            "`data_preprocessor=_base_.soft_preprocessor` out; mmseg's own "
            'pads soft labels.'
        ) from None


def _read_config(path: str | Path) -> Config:
    if Path(path).suffix == '.json':
        cfg = half_weights.read_json_config(path)
    else:
        with safe_loading(), _packages_found():
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


REMOVED_KEYS: dict[str, dict[str, Any]] = dict(
    mp_cfg=dict(
        query_budget=None,
        per_head_noise=False,
        with_cls_loss=True,
        loss_weight=1.0,
        max_gt=None,
    ),
    InstanceAPMetric=dict(max_per_image=100),
    SoftLabelResize=dict(ignore_index=255),
    SoftCrossEntropyLoss=dict(min_valid=0),
    SoftKLDivLoss=dict(min_valid=0, mode='valid_weighted'),
    SoftFCNHead=dict(align='logits_to_target'),
    SoftDepthwiseSeparableASPPHead=dict(align='logits_to_target'),
    SoftOCRHead=dict(align='logits_to_target'),
    SoftSegformerHead=dict(align='logits_to_target'),
)
"""Removed keys of types, and of `mp_cfg`, and the one value that is left."""


def removed_keys(node: dict) -> str | None:
    """Drop keys that only one value is left for."""
    kind = _soft_kind(node)
    for name, settings in ((kind, node), ('mp_cfg', node.get('mp_cfg'))):
        removed = REMOVED_KEYS.get(name, {})
        gone = [key for key in removed if key in (settings or {})]
        for key in gone:
            if settings[key] != removed[key]:
                raise ConfigKeyError(
                    f'{name}.{key}={settings[key]!r} is no longer possible, '
                    f'only {removed[key]!r}: leave the key out.'
                )
            del settings[key]
        if gone:
            return f'{name} has no {", ".join(gone)} any more'
    return None


_OWN_HEAD = (
    'write `class Soft{0}(SoftLabelLossMixin, {0})` in a module that '
    'custom_imports names (docs/soft_labels.md).'
)
REMOVED_TYPES = dict(
    SoftASPPHead=_OWN_HEAD.format('ASPPHead'),
    SoftUPerHead=_OWN_HEAD.format('UPerHead'),
    SoftLabelPool='leave it out; heads enlarge their logits to the labels.',
    SoftLabelFromHiRes="write SoftLabelResize with label_kernel='area' and "
    "num_classes; encoding='topk' keeps samples small.",
)
"""Soft-label types that are gone, and what to do instead."""


def soft_labels(node: dict) -> None:
    """Refuse types and encodings of soft labels that are gone."""
    kind = _soft_kind(node)
    # A head of this name may have been written as the remedy says.
    if kind in REMOVED_TYPES and MODELS.get(kind) is None:
        raise ConfigKeyError(f"'{kind}' is gone: {REMOVED_TYPES[kind]}")
    encoding = node.get('encoding')
    if kind == 'SoftLabelResize' and encoding in ('float16', 'float32'):
        raise ConfigKeyError(
            f"SoftLabelResize.encoding={encoding!r} is gone: write 'uint8', "
            'by which a fraction errs by at most 1 / 510.'
        )


def _soft_kind(node: dict) -> str:
    """Name the type without its scope; of RandomResize what it resizes by."""
    kind = str(node.get('resize_type', node['type']))
    return kind.rpartition('.')[2]


RULES: tuple[Rule, ...] = (
    strict_pretrained,
    remask_of_mask2former,
    relaxed_outputs,
    removed_keys,
    soft_labels,
)


@contextmanager
def _packages_found() -> Iterator[None]:
    """Let `_base_` be of mmseg and of this package, as in 'mmremax::...'.

    mmengine looks for mmseg's files in the distribution `mmsegmentation`; in
    the maintained family it has another name, but the module is the same. It
    finds files of this package in a wheel alone, not in a checkout.
    """
    distribution, find = MODULE2PACKAGE['mmseg'], Config._get_cfg_path
    if not is_installed(distribution):
        MODULE2PACKAGE['mmseg'] = 'mmseg'

    def find_ours_too(name: str, filename: str) -> tuple[str, str | None]:
        if name.startswith(OURS):
            return str(find_config(name)), None
        return find(name, filename)

    Config._get_cfg_path = staticmethod(find_ours_too)
    try:
        yield
    finally:
        MODULE2PACKAGE['mmseg'] = distribution
        Config._get_cfg_path = staticmethod(find)
