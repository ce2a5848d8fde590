from .auto_augment_color import AutoAugmentColor
from .color_jitter import SSDColorJitter
from .filter_unlabeled_crops import FilterUnlabeledCrops
from .formatting import PackPanopticInputs
from .loading import LoadPanopticImage, LoadPanopticMap
from .panoptic_copy_paste import PanopticCopyPaste
from .panoptic_masks import PanopticMapToMasks
from .random_scale_crop import RandomScaleCrop
from .resize_shortest_side import ResizeShortestSide

__all__ = [
    'AutoAugmentColor',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'FilterUnlabeledCrops',
    'PackPanopticInputs',
    'PanopticCopyPaste',
    'PanopticMapToMasks',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColorJitter',
]
