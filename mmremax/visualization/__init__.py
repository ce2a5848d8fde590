"""Pictures of results and runs."""

from .curves import plot_run, read_scalars
from .instance_outlines import brighten, draw_outlines
from .panoptic_drawing import (
    draw_panoptic,
    encode_grid,
    encode_segments,
    side_by_side,
)
from .panoptic_visualizer import PanopticVisualizer

__all__ = [
    'PanopticVisualizer',
    'brighten',
    'draw_outlines',
    'draw_panoptic',
    'encode_grid',
    'encode_segments',
    'plot_run',
    'read_scalars',
    'side_by_side',
]
