"""Learning-rate schedules."""

from .warmup_poly_lr import WarmupPolyLR

__all__ = ['WarmupPolyLR']
