"""Transforms of panoptic samples; images are RGB, maps one of ids."""

from .color import AutoAugmentColor, SSDColorJitter
from .formatting import PackPanopticInputs, PanopticMapToMasks
from .geometry import FilterUnlabeledCrops, RandomScaleCrop, ResizeShortestSide
from .loading import LoadPanopticImage, LoadPanopticMap
from .others_loading import (
    LoadCheckedImage,
    LoadCheckedLabels,
    LoadCheckedSegments,
)
from .panoptic_copy_paste import PanopticCopyPaste

__all__ = [
    'AutoAugmentColor',
    'LoadCheckedImage',
    'LoadCheckedLabels',
    'LoadCheckedSegments',
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
