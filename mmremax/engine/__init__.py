from . import hooks, optim_wrappers
from .atomic_backend import AtomicBackend
from .random_states import get_random_states, set_random_states

__all__ = [
    'AtomicBackend',
    'get_random_states',
    'hooks',
    'optim_wrappers',
    'set_random_states',
]
