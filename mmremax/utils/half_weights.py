"""Weights to publish: a safetensors file in half precision.

A tenth of a run's checkpoint, and no code can hide in it. It is read as any
checkpoint: by the tools, and by mmengine once `mmremax` is imported. It holds
its own SHA-256, made with zeros in that place, which is verified.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from mmremax_runtime.errors import InputError

from .config_edits import dicts_of

SUFFIX = '.safetensors'
NO_CHECKSUM = '0' * 64
# mmengine would take any other text for the path of a function to call.
# Where to write and what else to read is for the user to say, not for a file.
OUTPUTS = {
    *('work_dir', 'out_dir', 'dump_dir', 'save_dir', 'dir_name'),
    *('outfile_prefix', 'out_file_path', 'load_from', 'resume'),
}
COMPONENT = re.compile(r'((mm(det|seg|pretrain|engine|remax|cv))\.)?\w+')


class NoConfigError(InputError):
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
        key: value.half()
        if value.ndim > 1 and value.is_floating_point()
        else value
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
    return sealed(weights, checkpoint.get('meta', {}))


def sealed(weights: Mapping[str, torch.Tensor], meta: Mapping) -> bytes:
    """Make the content of a file with its checksum; see `pack`."""
    about = dict(format='pt', meta=json.dumps(meta), sha256=NO_CHECKSUM)
    # Tied weights share memory, which the format does not know.
    own = {key: value.clone() for key, value in weights.items()}
    content = save(own, about)
    checksum = hashlib.sha256(content).hexdigest()
    place = '"sha256":"{}"'.format
    return content.replace(
        place(NO_CHECKSUM).encode(), place(checksum).encode(), 1
    )


def read_meta(path: str | Path) -> dict:
    """Read `meta` of a file, and verify the checksum if it has one.

    Raises:
        SafetensorError: It is none.
        ValueError: It was changed since it was written.
    """
    with safe_open(path, framework='pt') as file:
        about = file.metadata() or {}
    if checksum := about.get('sha256'):
        content = Path(path).read_bytes()
        content = content.replace(checksum.encode(), NO_CHECKSUM.encode(), 1)
        if hashlib.sha256(content).hexdigest() != checksum:
            raise ValueError('its content is not that of its checksum')
    return json.loads(about.get('meta', '{}'))


def unpack(path: Path, map_location: Any = None) -> dict[str, Any]:
    """Read a file: `state_dict`, floats in float32, and `meta`.

    Args:
        path: Also of a file of others, whose `meta` is then empty.
        map_location: A device or its name; else the CPU.
    """
    device = map_location
    if not isinstance(device, str | torch.device):
        device = 'cpu'
    meta = read_meta(path)
    with safe_open(path, framework='pt') as file:
        weights = {key: file.get_tensor(key) for key in file.keys()}
    weights = {
        key: (value.float() if value.is_floating_point() else value).to(device)
        for key, value in weights.items()
    }
    return dict(state_dict=weights, meta=meta)


def read_config(path: str | Path) -> Config:
    """Read the config that a file holds, without running it.

    Raises:
        NoConfigError: It holds none, is damaged, or asks for more than
            plain values and registered components.
    """
    try:
        meta = read_meta(path)
    except (SafetensorError, ValueError) as error:
        raise NoConfigError(f'{path} cannot be read: {error}') from None
    return parse_config(meta, path)


def parse_config(meta: Mapping, path: str | Path) -> Config:
    """Read the config of a checkpoint's `meta`; see `read_config`."""
    if 'cfg' not in meta:
        raise NoConfigError(f'{path} holds no config: give one.')
    try:
        values = {
            statement.targets[0].id: ast.literal_eval(
                _DictCalls().visit(statement.value)
            )
            for statement in ast.parse(meta['cfg']).body
        }
    except (AttributeError, SyntaxError, ValueError) as error:
        raise NoConfigError(
            f'The config in {path} is not made of plain values: {error}. '
            'Give one of your own.'
        ) from None
    return config_of_values(values, path)


def read_json_config(path: str | Path) -> Config:
    """Read a json config, without importing or running what it names.

    Raises:
        NoConfigError: It is damaged, or asks for more than registered
            components.
    """
    try:
        values = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise NoConfigError(f'{path} cannot be read: {error}') from None
    if not isinstance(values, dict):
        raise NoConfigError(f'{path} holds no config.')
    return config_of_values(values, path)


def config_of_values(values: dict, path: str | Path) -> Config:
    """Make a config of plain values, without OUTPUTS; see `read_config`."""
    if '_base_' in values:
        raise NoConfigError(
            f'{path} has a _base_, which only a config in Python may have.'
        )
    for node in dicts_of(values):
        if not COMPONENT.fullmatch(kind := str(node.get('type', 'none'))):
            raise NoConfigError(
                f'The config in {path} asks for {kind!r}, which is no '
                'registered component. Give one of your own.'
            )
        for key in OUTPUTS & node.keys():
            del node[key]
    return Config(values)


class _DictCalls(ast.NodeTransformer):
    """Writes `dict(key=value)` as a literal."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node.func) != 'dict' or node.args:
            return node  # which literal_eval refuses
        keys = [ast.Constant(keyword.arg) for keyword in node.keywords]
        return ast.Dict(keys, [keyword.value for keyword in node.keywords])
