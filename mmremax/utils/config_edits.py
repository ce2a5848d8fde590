"""Edits of a config that the tools' options stand for."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from mmremax_runtime.errors import InputError

# Read by the Runner from `cfg` itself rather than as arguments.
RUNNER_EXTRAS = {
    'activation_checkpointing',
    'compile',
    'custom_imports',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'sync_bn',
}
RUNNER_KEYS = RUNNER_EXTRAS | set(inspect.signature(Runner).parameters)

# What to do in place of setting a variable of the config files.
HINTS = {
    'remax': 'Set keys of the model: model.panoptic_head...',
    'data_root': 'Use --data-root DIR.',
}

# Dicts without a type whose reader refuses what it does not know.
JUDGED = {'compile', 'env_cfg.dist_cfg', 'randomness'}


class ConfigKeyError(InputError):
    """An option names a config key that would have no effect."""


def set_data_root(cfg: Config, root: str) -> None:
    """Point every data set, evaluator and metric of a config to a folder.

    Each value of a key ``data_root`` is replaced, and each path below one
    of those values (a metric's ``ann_file``) moves with it. Changing the
    config's variable ``data_root`` alone would not reach the dicts that
    were built from it.
    """
    ends = ('_dataloader', '_evaluator')
    parts = [name for name in cfg if name.endswith(ends) and cfg[name]]
    old_roots = {
        node['data_root']
        for name in parts
        for node in dicts_of(cfg[name])
        if node.get('data_root')
    }
    if isinstance(cfg.get('data_root'), str):
        old_roots.add(cfg.data_root)
        cfg.data_root = root

    def moved(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for old in sorted(old_roots, key=len, reverse=True):
            folder = old.rstrip('/')
            if value.rstrip('/') == folder:
                return root
            if value.startswith(f'{folder}/'):
                return root.rstrip('/') + value[len(folder) :]
        return value

    for name in parts:
        cfg[name] = map_leaves(cfg[name], moved)


def remove_pretrained(cfg: Config) -> None:
    """Take out everything that would load or download initial weights.

    Removes each ``init_cfg`` of type ``Pretrained`` and ``load_from``, and
    clears each ``pretrained``; other initialisations stay.
    """
    cfg.load_from = None
    for node in dicts_of(cfg.model):
        if node.get('pretrained') is not None:
            node['pretrained'] = None
        init = node.get('init_cfg')
        if isinstance(init, list | tuple):
            node['init_cfg'] = [i for i in init if i['type'] != 'Pretrained']
        elif init is not None and init['type'] == 'Pretrained':
            del node['init_cfg']


def use_cpu_amp(wrapper: Config) -> None:
    """Make an optimizer wrapper's config one of mixed precision on the CPU."""
    for key in ('loss_scale', 'dtype'):
        wrapper.pop(key, None)
    wrapper.type = 'CPUAmpOptimWrapper'


def merge_options(cfg: Config, options: dict[str, Any]) -> None:
    """Apply ``--cfg-options``, refusing keys that would do nothing.

    A new key is accepted where a component will judge it: inside a dict
    that has a ``type``, whose constructor refuses what it does not know,
    or inside one of ``JUDGED``.

    Raises:
        ConfigKeyError: A key is misspelt, or is a mere variable of the
            config file (``remax``, ``data_root``), out of which other
            dicts were built before.
    """
    for key in options:
        check_option(cfg, key)
    cfg.merge_from_dict(options)


def add_safeguards(cfg: Config) -> None:
    """Give a run the exact checkpoint hook, the guard and the data's check.

    Configs over mmseg's or mmdet's runtime have none of them.
    """
    checkpoint = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    if checkpoint.get('type') == 'CheckpointHook':
        checkpoint.type = 'mmdet.ResumableCheckpointHook'
    hooks = list(cfg.get('custom_hooks') or [])
    for name in ('ClassCountCheckHook', 'NonFiniteGuardHook'):
        if not any(name in str(hook['type']) for hook in hooks):
            hooks.append(dict(type=f'mmdet.{name}'))
    cfg.custom_hooks = hooks


def check_option(cfg: Config, dotted_key: str) -> None:
    """Raise a ConfigKeyError if setting the key would have no effect."""
    first, *rest = dotted_key.split('.')
    if first not in RUNNER_KEYS:
        hint = HINTS.get(first) or suggestion(first, RUNNER_KEYS)
        what = 'is not a key that the runner reads'
        if first in cfg:
            what = 'is a variable of the config file; the dicts built from '
            what += 'it would not change'
        raise ConfigKeyError(
            f'--cfg-options {dotted_key}: {first} {what}. {hint}'
        )
    node = cfg.get(first)
    if rest and node is None:
        return
    for depth, key in enumerate(rest, start=1):
        where = '.'.join([first, *rest[: depth - 1]])
        if isinstance(node, list | tuple):
            if not key.isdigit() or int(key) >= len(node):
                raise ConfigKeyError(
                    f'--cfg-options {dotted_key}: {where} is a list of '
                    f'{len(node)}; {key} is not one of its places.'
                )
            node = node[int(key)]
        elif isinstance(node, dict):
            if key not in node:
                is_judged = 'type' in node or not node or where in JUDGED
                is_typo = depth < len(rest) and near(key, node, 0.8)
                if is_judged and not is_typo:
                    return
                raise ConfigKeyError(
                    f'--cfg-options {dotted_key}: {where} has no key {key}. '
                    + suggestion(key, node)
                )
            node = node[key]
        else:
            raise ConfigKeyError(
                f'--cfg-options {dotted_key}: {where} is {node!r} and has '
                'no keys.'
            )


def suggestion(key: str, known: Iterable[str]) -> str:
    """Name the nearest known keys, or all of a few."""
    if found := near(key, known):
        return f'Did you mean {" or ".join(found)}?'
    return f'It has {", ".join(sorted(known))}.'


def near(key: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Find known keys that differ little."""
    return difflib.get_close_matches(key, list(known), cutoff=cutoff)


def dicts_of(node: Any) -> Iterator[dict]:
    """Walk through every dict in a tree of dicts and lists."""
    if isinstance(node, dict):
        yield node
    values = node.values() if isinstance(node, dict) else node
    if isinstance(node, dict | list | tuple):
        for value in values:
            yield from dicts_of(value)


def map_leaves(node: Any, change: Callable[[Any], Any]) -> Any:
    """Replace what stands in the dicts and lists of a tree, in place."""
    if isinstance(node, dict):
        for key, value in node.items():
            node[key] = map_leaves(value, change)
        return node
    if isinstance(node, list | tuple):
        return type(node)(map_leaves(value, change) for value in node)
    return change(node)
