"""Networks, losses and heads; importing registers them all."""

from . import (
    backbones,
    data_preprocessors,
    decode_heads,
    dense_heads,
    detectors,
    layers,
    losses,
    seg_heads,
    task_modules,
)

__all__ = [
    'backbones',
    'data_preprocessors',
    'decode_heads',
    'dense_heads',
    'detectors',
    'layers',
    'losses',
    'seg_heads',
    'task_modules',
]
