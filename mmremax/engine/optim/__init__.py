"""Optimizer wrapper, its parameter groups, and the schedule."""

from .cpu_amp_optim_wrapper import CPUAmpOptimWrapper
from .kmax_optim_wrapper_constructor import KMaXOptimWrapperConstructor
from .warmup_poly_lr import WarmupPolyLR

__all__ = [
    'CPUAmpOptimWrapper',
    'KMaXOptimWrapperConstructor',
    'WarmupPolyLR',
]
