"""The state of every random generator of a process."""

from __future__ import annotations

import random

import numpy as np
import torch


def get_random_states() -> dict:
    """Read the states of Python's, NumPy's, torch's and CUDA's generators.

    Returns:
        Tensors and plain numbers only, so that a checkpoint with them loads
        with ``weights_only=True``. ``cuda`` is the current device's, None
        without one.
    """
    version, words, gauss = random.getstate()
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002
    return {
        'python': [version, torch.tensor(words), gauss],
        'numpy': [
            torch.from_numpy(numpy_state['state']['key'].astype(np.int64)),
            int(numpy_state['state']['pos']),
            int(numpy_state['has_gauss']),
            float(numpy_state['gauss']),
        ],
        'torch': torch.get_rng_state(),
        'cuda': (
            torch.cuda.get_rng_state() if torch.cuda.is_available() else None
        ),
    }


def set_random_states(states: dict) -> None:
    """Put every generator where :func:`get_random_states` found it."""
    version, words, gauss = states['python']
    random.setstate((version, tuple(words.tolist()), gauss))
    key, position, has_gauss, cached = states['numpy']
    np.random.set_state(  # noqa: NPY002
        ('MT19937', key.cpu().numpy(), position, has_gauss, cached)
    )
    torch.set_rng_state(states['torch'].cpu())
    if states['cuda'] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states['cuda'].cpu())
