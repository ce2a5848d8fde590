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


STAGES = ('train', 'val', 'test')
DICT = dict | Config
DICTS = (
    *('model', 'default_hooks', 'default_hooks.checkpoint', 'env_cfg'),
    *('optim_wrapper', 'optim_wrapper.optimizer', 'optim_wrapper.clip_grad'),
    *(
        'optim_wrapper.paramwise_cfg',
        'optim_wrapper.paramwise_cfg.custom_keys',
    ),
    *('train_cfg', 'auto_scale_lr'),
    *(f'{stage}_dataloader' for stage in STAGES),
    *(f'{stage}_dataloader.dataset' for stage in STAGES),
)
COUNTS = (
    *('train_cfg.max_iters', 'train_cfg.val_interval'),
    *(f'{stage}_dataloader.batch_size' for stage in STAGES),
    'optim_wrapper.accumulative_counts',
    'model.panoptic_head.num_queries',
    'model.panoptic_head.transformer_decoder.num_queries',
)
# Of values that are there: names, what they are, and whether one is that.
RULES = (
    (DICTS, 'a dict', lambda v: isinstance(v, dict)),
    (COUNTS, 'a whole number from 1', lambda v: type(v) is int and v >= 1),
    (
        ('default_hooks.checkpoint.interval',),
        'a whole number',
        lambda v: type(v) is int,
    ),
    (
        ('optim_wrapper.clip_grad.max_norm',),
        'a number above 0',
        lambda v: isinstance(v, int | float) and v > 0,
    ),
    (
        [f'{stage}_dataloader.dataset.pipeline' for stage in STAGES],
        'a list of steps',
        lambda v: isinstance(v, list | tuple) and len(v) > 0,
    ),
    (('load_from',), 'a text', lambda v: isinstance(v, str)),
    (
        ('custom_hooks',),
        'a list of dicts with a type',
        lambda v: (
            isinstance(v, list | tuple)
            and all(isinstance(hook, dict) and 'type' in hook for hook in v)
        ),
    ),
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
    check_values(cfg)
    for key in cfg:
        if key not in RUNNER_KEYS:
            _refuse(key, near(key, RUNNER_KEYS, 0.88))
    _check_optimizer(cfg)
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


def check_values(cfg: Config) -> None:
    """Raise a ConfigKeyError for a value that RULES refuse."""
    for names, what, is_right in RULES:
        for name in names:
            value = cfg
            for key in name.split('.'):
                value = value.get(key) if isinstance(value, DICT) else None
            if value is not None and not is_right(value):
                raise ConfigKeyError(
                    f'{name} is {value!r}: it should be {what}.'
                )


def _check_optimizer(cfg: Config) -> None:
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
