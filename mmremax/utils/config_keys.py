"""Finds keys of a config that nothing would read, before a run starts."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from mmdet.registry import HOOKS
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.registry import OPTIMIZERS
from mmengine.runner import Runner

from .config_edits import RUNNER_KEYS, ConfigKeyError, near

# Read one by one; whatever else stands there is passed over.
READ = {
    'auto_scale_lr': ('enable', 'base_batch_size'),
    'env_cfg': ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
}
# Of mmengine's constructor, which is the default one.
PARAMWISE = (
    *('custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult'),
    *('dwconv_decay_mult', 'flat_decay_mult', 'dcn_offset_lr_mult'),
    'bypass_duplicate',
)
# The Runner adds these; a config may add hooks under names of its own.
DEFAULT_HOOKS = (
    *('runtime_info', 'timer', 'sampler_seed', 'logger'),
    *('param_scheduler', 'checkpoint', 'visualization'),
)


# Whole numbers from 1, or absent.
COUNTS = (
    *('train_cfg.max_iters', 'train_cfg.val_interval'),
    *(f'{stage}_dataloader.batch_size' for stage in ('train', 'val', 'test')),
    'optim_wrapper.accumulative_counts',
)


def require(cfg: Config, *keys: str) -> None:
    """Raise a ConfigKeyError for what a command needs and a config lacks."""
    if lacks := [key for key in keys if not cfg.get(key)]:
        raise ConfigKeyError(
            f'{cfg.filename or "The config"} lacks {", ".join(lacks)}: give '
            'a whole config, or one with a _base_.'
        )


def check_keys(cfg: Config) -> None:
    """Raise a ConfigKeyError for a key that would be passed over.

    Most keys reach a constructor that refuses what it does not know. These
    do not: names at the top level that are nearly those the Runner reads
    (others are variables of the file) and names of default hooks alike;
    arguments of the checkpoint hook, which its first save would find; and
    dicts that mmengine reads key by key.
    """
    for key in cfg:
        if key not in RUNNER_KEYS:
            _refuse(key, near(key, RUNNER_KEYS, 0.88))
    _check_values(cfg)
    hooks = cfg.get('default_hooks') or {}
    for key in hooks:
        if key not in DEFAULT_HOOKS:
            _refuse(f'default_hooks.{key}', near(key, DEFAULT_HOOKS, 0.85))
    _check_checkpoint_hook(hooks.get('checkpoint') or {})
    for name, known in READ.items():
        _check(name, cfg.get(name) or {}, known)
    wrapper = cfg.get('optim_wrapper') or {}
    constructor = wrapper.get('constructor', 'DefaultOptimWrapperConstructor')
    if constructor == 'DefaultOptimWrapperConstructor':
        name = 'optim_wrapper.paramwise_cfg'
        paramwise = wrapper.get('paramwise_cfg') or {}
        _check(name, paramwise, PARAMWISE)
        for key, value in (paramwise.get('custom_keys') or {}).items():
            where = f'{name}.custom_keys.{key}'
            _check(where, value, ('lr_mult', 'decay_mult'))


def _check_values(cfg: Config) -> None:
    for name in COUNTS:
        first, last = name.split('.')
        value = (cfg.get(first) or {}).get(last)
        if value is not None and (type(value) is not int or value < 1):
            raise ConfigKeyError(
                f'{name} is {value!r}: it should be a whole number from 1.'
            )
    wrapper = cfg.get('optim_wrapper') or {}
    kind = (wrapper.get('optimizer') or {}).get('type')
    if isinstance(kind, str) and OPTIMIZERS.get(kind) is None:
        if nearest := near(kind, OPTIMIZERS.module_dict):
            raise ConfigKeyError(
                'optim_wrapper.optimizer.type: there is no optimizer '
                f'{kind}. Did you mean {" or ".join(nearest)}?'
            )


def _check_checkpoint_hook(hook: dict) -> None:
    kind = hook.get('type', 'CheckpointHook')
    kind = HOOKS.get(kind) if isinstance(kind, str) else kind
    if inspect.isclass(kind) and issubclass(kind, CheckpointHook):
        functions = (CheckpointHook, Runner.save_checkpoint)
        known = {
            key for f in functions for key in inspect.signature(f).parameters
        }
        _check(
            'default_hooks.checkpoint',
            hook,
            {*known, 'type', 'priority', '_scope_'},
        )


def _check(name: str, node: dict, known: Iterable[str]) -> None:
    for key in node:
        if key not in known:
            _refuse(f'{name}.{key}', near(key, known) or sorted(known))


def _refuse(key: str, nearest: list[str]) -> None:
    if nearest:
        raise ConfigKeyError(
            f'The config sets {key}, which nothing reads. Did you mean '
            f'{" or ".join(nearest)}?'
        )
