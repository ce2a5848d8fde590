"""Reads checkpoint files safely and says which one is broken.

Importing this module makes every loader of mmengine (resume, ``load_from``,
``init_cfg``) read local files through :func:`load_from_local`.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import is_model_wrapper
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

# Branches that exist for the training losses alone: kMaX's auxiliary
# semantic branch and ReMaX's. Nothing at inference reads them.
TRAINING_ONLY_PREFIXES = (
    'panoptic_head.auxiliary_semantic_head.',
    'panoptic_head.semantic_head.',
)


def is_training_only(key: str) -> bool:
    """Tell whether a parameter or buffer is unused at inference.

    Args:
        key: Its name in the detector's ``state_dict``.
    """
    return key.startswith(TRAINING_ONLY_PREFIXES)


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location: Any = None) -> dict:
    """Load a checkpoint file without running code that it may hold.

    Args:
        filename: The file; ``~`` is expanded.
        map_location: As for :func:`torch.load`.

    Returns:
        What the file holds, usually with ``state_dict`` and ``meta``.

    Raises:
        FileNotFoundError: There is no such file.
        RuntimeError: The file is truncated, no checkpoint, or holds objects
            other than tensors, numbers, text and mmengine's log history.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no checkpoint file {path}.')
    try:
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
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from None


def check_weights(
    model: nn.Module, filename: str, may_be_stripped: bool = True
) -> None:
    """Compare a checkpoint with the weights that inference needs.

    mmengine only warns of missing weights, and then scores random ones.

    Args:
        model: The detector, wrapped or not.
        filename: The checkpoint.
        may_be_stripped: Whether it may lack the training-only branches.

    Raises:
        RuntimeError: Weights are missing or of another shape.
    """
    checkpoint = load_from_local(filename, map_location='meta')
    found = {
        key.removeprefix('module.'): value.shape
        for key, value in checkpoint.get('state_dict', checkpoint).items()
    }
    model = model.module if is_model_wrapper(model) else model
    wrong = [
        f'{key}: {tuple(value.shape)} in the model, '
        + (f'{tuple(found[key])} in the file' if key in found else 'missing')
        for key, value in model.state_dict().items()
        if found.get(key) != value.shape
        and not (may_be_stripped and is_training_only(key))
    ]
    if wrong:
        more = f'\n... and {len(wrong) - 10} more' if len(wrong) > 10 else ''
        raise RuntimeError(
            f'The checkpoint {filename} is not of the model of the config:\n'
            + '\n'.join(wrong[:10])
            + more
        )


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
