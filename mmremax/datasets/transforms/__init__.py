from .auto_augment_colour import AutoAugmentColour
from .colour_jitter import SSDColourJitter
from .formatting import PackPanopticInputs
from .loading import LoadPanopticImage, LoadPanopticMap
from .min_labelled_cells import MinLabelledCells
from .panoptic_copy_paste import PanopticCopyPaste
from .panoptic_masks import PanopticMapToMasks
from .random_scale_crop import RandomScaleCrop
from .resize_shortest_side import ResizeShortestSide
from .soft_label import SoftLabelFromHiRes, SoftLabelResize
from .soft_label_formatting import PackSoftSegInputs, SoftLabelPool

__all__ = [
    'AutoAugmentColour',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'MinLabelledCells',
    'PackPanopticInputs',
    'PackSoftSegInputs',
    'PanopticCopyPaste',
    'PanopticMapToMasks',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColourJitter',
    'SoftLabelFromHiRes',
    'SoftLabelPool',
    'SoftLabelResize',
]
