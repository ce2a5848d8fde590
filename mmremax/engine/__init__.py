from . import hooks, optim_wrappers, optimizers, schedulers
from .atomic_backend import AtomicBackend
from .random_states import get_random_states, set_random_states

__all__ = [
    'AtomicBackend',
    'get_random_states',
    'hooks',
    'optim_wrappers',
    'optimizers',
    'schedulers',
    'set_random_states',
]
