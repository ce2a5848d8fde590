"""Pictures of results and runs."""

from .curves import plot_run, read_scalars
from .panoptic_drawing import (
    draw_panoptic,
    encode_grid,
    encode_segments,
    side_by_side,
)

__all__ = [
    'draw_panoptic',
    'encode_grid',
    'encode_segments',
    'plot_run',
    'read_scalars',
    'side_by_side',
]
