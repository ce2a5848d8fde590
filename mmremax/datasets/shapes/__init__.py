"""Synthetic images of shapes, with panoptic ground truth."""

from .generator import (
    VERSIONS,
    ShapesDefinition,
    TexturedShapes,
    VividShapes,
    draw_sample,
    make_shapes,
)

__all__ = [
    'VERSIONS',
    'ShapesDefinition',
    'TexturedShapes',
    'VividShapes',
    'draw_sample',
    'make_shapes',
]
