from .auto_augment_color import AutoAugmentColour
from .color_jitter import SSDColourJitter
from .formatting import PackPanopticInputs
from .loading import (
    LoadPanopticImage,
    LoadPanopticMap,
)
from .min_labelled_cells import MinLabelledCells
from .panoptic_copy_paste import PanopticCopyPaste
from .panoptic_masks import PanopticMapToMasks
from .random_scale_crop import RandomScaleCrop
from .resize_shortest_side import ResizeShortestSide

__all__ = [
    'AutoAugmentColour',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'MinLabelledCells',
    'PackPanopticInputs',
    'PanopticCopyPaste',
    'PanopticMapToMasks',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColourJitter',
]
