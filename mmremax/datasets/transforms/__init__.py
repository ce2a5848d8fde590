from .colour_jitter import SSDColourJitter
from .formatting import PackPanopticInputs
from .loading import LoadPanopticImage, LoadPanopticMap
from .min_labelled_cells import MinLabelledCells
from .random_scale_crop import RandomScaleCrop
from .resize_shortest_side import ResizeShortestSide

__all__ = [
    'LoadPanopticImage',
    'LoadPanopticMap',
    'MinLabelledCells',
    'PackPanopticInputs',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColourJitter',
]
