"""What the runner needs: hooks, optimizers, checkpoints."""

from . import (
    hooks,
    optim,
)
from .atomic_backend import AtomicBackend
from .pretrained_weights import StrictPretrained
from .random_states import (
    get_random_states,
    set_random_states,
)

__all__ = [
    'AtomicBackend',
    'StrictPretrained',
    'get_random_states',
    'hooks',
    'optim',
    'set_random_states',
]
