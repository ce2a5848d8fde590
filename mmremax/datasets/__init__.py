"""Data in COCO-panoptic layout: reading, sampling, augmenting."""

from .annotation_file import AnnotationError
from .panoptic_dataset import PanopticDataset
from .sampler import SampleKey, SeededInfiniteSampler
from .transforms import (
    AutoAugmentColor,
    FilterUnlabeledCrops,
    LoadPanopticImage,
    LoadPanopticMap,
    PackPanopticInputs,
    PanopticCopyPaste,
    PanopticMapToMasks,
    RandomScaleCrop,
    ResizeShortestSide,
    SSDColorJitter,
)

__all__ = [
    'AnnotationError',
    'AutoAugmentColor',
    'FilterUnlabeledCrops',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'PackPanopticInputs',
    'PanopticCopyPaste',
    'PanopticDataset',
    'PanopticMapToMasks',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColorJitter',
    'SampleKey',
    'SeededInfiniteSampler',
]
