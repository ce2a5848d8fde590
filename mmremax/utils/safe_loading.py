"""Reads weights and annotations without running code that they may hold."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
import yaml
from mmengine.fileio.handlers import PickleHandler, YamlHandler
from mmengine.fileio.io import file_handlers
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import SafetensorError
from torch import Tensor

from mmremax_runtime.errors import InputError

from . import half_weights
from .fetched_weights import ADDRESS, CheckpointError, fetch
from .stand_ins import stand_ins

# What a file raises that is truncated, or no checkpoint.
UNREADABLE = (
    *(RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError),
    *(AttributeError, IndexError, zipfile.BadZipFile, SafetensorError),
)


_lock, _num_inside, _theirs = Lock(), 0, ()  # of `safe_loading`
_parts = ExitStack()


def load_checkpoint(source: str | Path, map_location: Any = None) -> dict:
    """Read a file, or fetch an address and read what it gave.

    See `load_from_local`; for addresses `fetched_weights.fetch`.
    """
    if ADDRESS.match(str(source)):
        return load_from_address(str(source), map_location)
    return load_from_local(source, map_location)


def load_from_address(address: str, map_location: Any = None) -> dict:
    """Fetch a checkpoint and read it; see `load_checkpoint`."""
    return load_from_local(fetch(address), map_location)


@contextmanager
def safe_loading() -> Iterator[None]:
    """Let mmengine run no code from data for a while.

    It then reads checkpoints by `load_checkpoint`, to resume, for
    ``load_from`` and for every ``init_cfg``, from files and addresses alike.
    A data set's pickle is refused, and yaml makes plain values only; images
    and annotations are loaded with our refusals (`stand_ins`). May be
    nested, and entered by several threads: the last one that leaves puts
    mmengine's own back.
    """
    global _theirs, _num_inside
    with _lock:
        if not _num_inside:
            _theirs = CheckpointLoader._schemes, dict(file_handlers)
            CheckpointLoader._schemes = {
                ADDRESS.pattern: load_from_address,
                '': load_from_local,
            }
            file_handlers.update(_PLAIN)
            _parts.enter_context(stand_ins())
        _num_inside += 1
    try:
        yield
    finally:
        with _lock:
            _num_inside -= 1
            if not _num_inside:
                CheckpointLoader._schemes, handlers = _theirs
                file_handlers.update(handlers)
                _parts.close()


def load_from_local(filename: str | Path, map_location: Any = None) -> dict:
    """Read a checkpoint file without running code that it may hold.

    The checksums that the file has are verified: of each tensor in what
    ``torch.save`` wrote since torch 1.6, of the whole file in ours.

    Args:
        filename: Of ``torch.save``, ``.safetensors``, or a ``.pkl`` of
            pickled tensors and arrays; ``~`` is expanded.

    Returns:
        A dict of weights, or with ``state_dict`` and, often, ``meta``.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: The file is truncated, damaged, no checkpoint, or
            holds objects other than tensors, numbers, text and mmengine's
            log history.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no checkpoint file {path}.')
    try:
        content = _read(path, map_location)
    except pickle.UnpicklingError as error:
        if (name := _refused_object(error)) is None:
            raise _unreadable(path, 'it is no pickle of weights') from None
        raise CheckpointError(
            f'{path} holds an object that could run code when loaded, '
            f'{name}, and is not loaded. Ask for the weights alone, best as '
            '.safetensors. Only if you made the file: python '
            f'tools/model_converters/strip_checkpoint.py {path} OUT --trust'
        ) from None
    except UNREADABLE as error:
        reason = (str(error) or repr(error)).splitlines()[0]
        raise _unreadable(path, reason) from None
    _check_content(path, content)
    # mmengine's `Runner.resume` would run it.
    content.get('meta', {}).pop('config', None)
    return content


# mmengine has no reader of its own for these.
CheckpointLoader.register_scheme(
    rf'.*\{half_weights.SUFFIX}$', load_from_local, force=True
)


def _read(path: Path, map_location: Any) -> Any:
    """Read a file by its kind."""
    if path.suffix == half_weights.SUFFIX:
        return half_weights.unpack(path, map_location)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as records:
            if damaged := records.testzip():
                raise ValueError(f'the checksum of {damaged} is another')
    elif path.suffix == '.pkl':
        with path.open('rb') as file:
            return _TensorUnpickler(file, encoding='latin1').load()
    with torch.serialization.safe_globals(_safe_globals()):
        return torch.load(path, map_location=map_location, weights_only=True)


def _check_content(path: Path, content: Any) -> None:
    """Refuse what is not a dict of weights, with plain facts about them."""
    parts = dict(state_dict=content)
    if isinstance(content, Mapping):
        parts = dict(
            state_dict=content.get('state_dict', content),
            meta=content.get('meta', {}),
        )
    if isinstance(meta := parts.get('meta'), Mapping):
        parts['dataset_meta'] = meta.get('dataset_meta') or {}
    for key, part in parts.items():
        if not isinstance(part, Mapping) or not all(
            isinstance(name, str) for name in part
        ):
            where = path if part is content else f'{key} of {path}'
            raise CheckpointError(
                f'{where} is a {type(part).__name__}, not a dict of names '
                "and values: it is no checkpoint. Give a run's file, or one "
                'that tools/model_converters/strip_checkpoint.py wrote.'
            )
    names = parts.get('dataset_meta', {}).get('classes', ())
    if not isinstance(names, list | tuple):
        raise CheckpointError(
            f'classes in dataset_meta of {path}: {names!r} is no list.'
        )
    if 'state_dict' not in content:
        return
    for name, value in content['state_dict'].items():
        if not isinstance(value, Tensor) or value.layout != torch.strided:
            kind = getattr(value, 'layout', type(value).__name__)
            raise CheckpointError(
                f'state_dict of {path}: {name} is a {kind}, not a tensor '
                'of all its values: it is no checkpoint of a model.'
            )


def _unreadable(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f'The checkpoint {path} ({path.stat().st_size:,} bytes) cannot be '
        f'read: {reason}. It is truncated, damaged or not a checkpoint. Use '
        'an earlier one of the run, or download it again.'
    )


def _refused_object(error: pickle.UnpicklingError) -> str | None:
    """Find the name of an object; torch advises to trust it, we do not."""
    found = re.search(r'(?:GLOBAL |[Gg]lobal |type )([\w.]+)', str(error))
    return found and found[1]


def _safe_globals() -> list:
    """List what mmengine stores in a checkpoint besides tensors."""
    multiarray = getattr(np, '_core', getattr(np, 'core', None)).multiarray
    functions = [multiarray._reconstruct, multiarray.scalar]
    dtypes = (np.bool_, np.int32, np.int64, np.uint32, np.float32, np.float64)
    return [
        slice,
        HistoryBuffer,
        np.ndarray,
        np.dtype,
        # NumPy 2 moved them, and files name them as they were.
        *((f, f'numpy.core.multiarray.{f.__name__}') for f in functions),
        *((f, f'numpy._core.multiarray.{f.__name__}') for f in functions),
        *(type(np.dtype(dtype)) for dtype in dtypes),
        (_statistic, 'builtins.getattr'),
    ]


def _statistic(owner: type, name: str) -> Any:
    """Stand in for ``getattr``: a log history names its methods by it."""
    if owner is not HistoryBuffer or name.startswith('_'):
        raise pickle.UnpicklingError(f'Global {name} of {owner}')
    return getattr(owner, name)


class _TensorUnpickler(pickle.Unpickler):
    """Reads tensors, arrays and containers, and refuses all else."""

    own = {
        ('collections', 'OrderedDict'): OrderedDict,
        # A storage that was pickled without torch.save.
        ('torch.storage', '_load_from_bytes'): lambda data: torch.load(
            io.BytesIO(data), 'cpu', weights_only=True
        ),
    }
    harmless = {
        ('numpy', 'ndarray'),
        ('numpy', 'dtype'),
        ('numpy.core.multiarray', '_reconstruct'),
        ('numpy.core.multiarray', 'scalar'),
        ('numpy._core.multiarray', '_reconstruct'),
        ('numpy._core.multiarray', 'scalar'),
        ('numpy._core.numeric', '_frombuffer'),
        ('_codecs', 'encode'),
        ('torch._utils', '_rebuild_tensor_v2'),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self.own:
            return self.own[module, name]
        if (module, name) in self.harmless:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f'Global {module}.{name}')


class _PlainPickles(PickleHandler):
    """Writes pickles, and reads none."""

    def load_from_fileobj(self, file: Any, **_: Any) -> Any:
        raise InputError(
            'A data set names a pickle (.pkl), which could run code when '
            'loaded, and is not loaded: write it as json.'
        )


class _PlainYaml(YamlHandler):
    """Reads numbers, text, lists and dicts."""

    def load_from_fileobj(self, file: Any, **_: Any) -> Any:
        return yaml.safe_load(file)


_PLAIN = dict.fromkeys(('pkl', 'pickle'), _PlainPickles())
_PLAIN |= dict.fromkeys(('yaml', 'yml'), _PlainYaml())
