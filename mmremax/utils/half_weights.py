"""Weights to publish: a safetensors file in half precision.

A tenth of a run's checkpoint, and no code can hide in it. It is read as any
checkpoint: by the tools, and by mmengine once `mmremax` is imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

SUFFIX = '.safetensors'


class NoConfigError(ValueError):
    """A file of weights does not say of which model they are."""


def pack(checkpoint: Mapping[str, Any]) -> bytes:
    """Make the content of a file.

    Kernels and matrices become float16. What has one dimension (biases,
    gains, norm statistics) is small, its range may be large: it stays.

    Args:
        checkpoint: `state_dict`, and `meta` of numbers, text, lists and
            dicts.

    Raises:
        ValueError: A weight is not finite, or too large for float16.
    """
    weights = {
        key: to_half(value) if value.ndim > 1 else value
        for key, value in checkpoint['state_dict'].items()
    }
    wrong = [
        key
        for key, value in weights.items()
        if value.is_floating_point() and not value.isfinite().all()
    ]
    if wrong:
        raise ValueError(
            f'{", ".join(wrong[:4])}: not finite in float16. Write a .pth.'
        )
    weights = {key: value.contiguous() for key, value in weights.items()}
    meta = json.dumps(checkpoint.get('meta', {}))
    return save(weights, dict(format='pt', meta=meta))


def unpack(path: Path, map_location: Any = None) -> dict[str, Any]:
    """Read a file: `state_dict`, floats in float32, and `meta`.

    Args:
        path: Also of a file of others, whose `meta` is then empty.
        map_location: A device or its name; else the CPU.
    """
    device = map_location
    if not isinstance(device, str | torch.device):
        device = 'cpu'
    with safe_open(path, framework='pt') as file:
        meta = json.loads((file.metadata() or {}).get('meta', '{}'))
        weights = {key: file.get_tensor(key) for key in file.keys()}
    weights = {
        key: (value.float() if value.is_floating_point() else value).to(device)
        for key, value in weights.items()
    }
    return dict(state_dict=weights, meta=meta)


def read_config(path: str | Path) -> Config:
    """Read the config that a file holds.

    Raises:
        NoConfigError: It holds none, or is damaged.
    """
    try:
        with safe_open(path, framework='pt') as file:
            meta = json.loads((file.metadata() or {}).get('meta', '{}'))
    except SafetensorError as error:
        raise NoConfigError(f'{path} cannot be read: {error}') from None
    if 'cfg' not in meta:
        raise NoConfigError(f'{path} holds no config: give one.')
    return Config.fromstring(meta['cfg'], '.py')


def to_half(value: Tensor) -> Tensor:
    """Cast floats to float16."""
    return value.half() if value.is_floating_point() else value
