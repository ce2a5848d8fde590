"""What the optimizer does with which parameter."""

from .kmax_optim_wrapper_constructor import KMaXOptimWrapperConstructor

__all__ = ['KMaXOptimWrapperConstructor']
