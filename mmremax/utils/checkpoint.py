"""Reads checkpoints without running their code, and compares weights."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import SafetensorError
from torch import Tensor, nn

from . import half_weights

# Branches that exist for the training losses alone: kMaX's auxiliary
# semantic branch and ReMaX's. Nothing at inference reads them.
TRAINING_ONLY_PREFIXES = (
    'panoptic_head.auxiliary_semantic_head.',
    'panoptic_head.semantic_head.',
)
MAX_NAMES = 8  # keys of one kind that an error lists
# What a file raises that is truncated, or no checkpoint.
UNREADABLE = (
    *(RuntimeError, EOFError, OSError, ValueError, KeyError),
    SafetensorError,
)


def is_training_only(key: str) -> bool:
    """Tell whether a parameter or buffer is unused at inference."""
    return key.startswith(TRAINING_ONLY_PREFIXES)


def state_dict_of(content: Mapping) -> dict[str, Tensor]:
    """Take the weights out of what a checkpoint holds, unwrapped."""
    weights = content.get('state_dict', content)
    return {k.removeprefix('module.'): v for k, v in weights.items()}


def misfits(
    weights: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    optional: Collection[str] = (),
) -> str:
    """Compare weights with those of a model.

    Args:
        weights: Those of a file.
        wanted: Those of the model.
        optional: Keys that either side may lack, besides step counters.

    Returns:
        Sentences that name what is missing, unknown or of another shape;
        empty if the weights fit.
    """
    problems = {
        'Missing keys': [
            key
            for key in wanted.keys() - weights.keys() - set(optional)
            if not key.endswith('num_batches_tracked')
        ],
        'Unknown keys': weights.keys() - wanted.keys() - set(optional),
        'Wrong shapes': [
            f'{key} {tuple(weights[key].shape)} instead of '
            f'{tuple(wanted[key].shape)}'
            for key in wanted.keys() & weights.keys()
            if wanted[key].shape != weights[key].shape
        ],
    }
    return ' '.join(
        f'{title}: {some(names)}.'
        for title, names in problems.items()
        if names
    )


def check_weights(
    model: nn.Module, source: str | Path, may_be_stripped: bool = True
) -> None:
    """Refuse a checkpoint that is not of a model.

    mmengine only warns of missing weights, and then scores random ones.

    Args:
        model: Wrapped or not.
        source: File or URL.
        may_be_stripped: Whether it may lack the training-only branches.

    Raises:
        RuntimeError: The checkpoint does not fit, or cannot be read.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    weights = state_dict_of(load_checkpoint(source, 'meta'))
    wanted = model.state_dict()
    known = weights.keys() | (wanted.keys() if may_be_stripped else set())
    if problems := misfits(
        weights, wanted, optional=set(filter(is_training_only, known))
    ):
        raise RuntimeError(
            f'The checkpoint {source} does not fit the config. {problems} '
            'Give the config it was trained with; convert published '
            'kMaX-DeepLab weights with '
            'tools/model_converters/kmax_to_mmremax.py first.'
        )


def load_checkpoint(source: str | Path, map_location: Any = None) -> Any:
    """Read a file safely, or fetch a URL as mmengine does."""
    if '://' in str(source):
        return CheckpointLoader.load_checkpoint(source, map_location)
    return load_from_local(source, map_location)


@contextmanager
def safe_loading() -> Iterator[None]:
    """Let mmengine read local files by :func:`load_from_local` for a while.

    It then does so to resume, for ``load_from`` and for every ``init_cfg``.
    """
    theirs = CheckpointLoader._schemes['']
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    try:
        yield
    finally:
        CheckpointLoader.register_scheme('', theirs, force=True)


def load_from_local(filename: str | Path, map_location: Any = None) -> Any:
    """Read a checkpoint file without running code that it may hold.

    Args:
        filename: Of ``torch.save``, ``.safetensors``, or a ``.pkl`` of
            pickled tensors and arrays; ``~`` is expanded.

    Returns:
        What the file holds, usually a dict with ``state_dict`` and ``meta``.

    Raises:
        FileNotFoundError: There is no such file.
        RuntimeError: The file is truncated, no checkpoint, or holds objects
            other than tensors, numbers, text and mmengine's log history.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no checkpoint file {path}.')
    if path.suffix == '.pkl' and not zipfile.is_zipfile(path):
        return _load_pickle(path)
    try:
        if path.suffix == half_weights.SUFFIX:
            return half_weights.unpack(path, map_location)
        with torch.serialization.safe_globals(_safe_globals()):
            return torch.load(
                path, map_location=map_location, weights_only=True
            )
    except pickle.UnpicklingError as error:
        if 'global' not in str(error).lower():
            raise _unreadable(path, error) from None
        raise RuntimeError(
            f'{path} holds objects that could run code when loaded, and is '
            'not loaded. If you trust it, keep its weights alone: python '
            'tools/model_converters/strip_checkpoint.py '
            f'{path} OUT --trust\n{_reason(error)}'
        ) from None
    except UNREADABLE as error:
        raise _unreadable(path, error) from None


# mmengine has no reader of its own for these.
CheckpointLoader.register_scheme(
    rf'.*\{half_weights.SUFFIX}$', load_from_local, force=True
)


def some(names: Iterable[str]) -> str:
    """List the first names and count the others."""
    names = sorted(names)
    left = len(names) - MAX_NAMES
    shown = ', '.join(names[:MAX_NAMES])
    return f'{shown} and {left} more' if left > 0 else shown


def _unreadable(path: Path, error: Exception) -> RuntimeError:
    return RuntimeError(
        f'The checkpoint {path} ({path.stat().st_size:,} bytes) cannot be '
        f'read: {_reason(error)}\nIt is truncated or not a checkpoint. Use an '
        'earlier one of the run, or download it again.'
    )


def _reason(error: Exception) -> str:
    """Take the line out of torch's text that says what was found."""
    lines = str(error).splitlines() or [type(error).__name__]
    named = [line for line in lines if 'global' in line.lower()]
    return (named or lines)[0].split('WeightsUnpickler error:')[-1].strip()


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


def _load_pickle(path: Path) -> Any:
    try:
        with path.open('rb') as file:
            return _TensorUnpickler(file, encoding='latin1').load()
    except (pickle.UnpicklingError, EOFError, ValueError) as error:
        raise RuntimeError(
            f'{path} cannot be read as tensors and arrays: {error}'
        ) from None


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
        raise pickle.UnpicklingError(f'{module}.{name} is not allowed')
