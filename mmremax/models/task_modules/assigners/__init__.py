"""Matching of queries and segments, and the class targets it gives."""

from .kmax_assigner import KMaXAssigner
from .reclass_assigner import ReClassAssigner

__all__ = ['KMaXAssigner', 'ReClassAssigner']
