"""Heads that know the order of the steps."""

from .kmax_head import KMaXHead

__all__ = ['KMaXHead']
