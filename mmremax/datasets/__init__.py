from .annotation_file import AnnotationError
from .panoptic_dataset import PanopticDataset
from .samplers import SampleKey, SeededInfiniteSampler
from .transforms import (
    AutoAugmentColour,
    LoadPanopticImage,
    LoadPanopticMap,
    MinLabelledCells,
    PackPanopticInputs,
    PackSoftSegInputs,
    PanopticCopyPaste,
    RandomScaleCrop,
    ResizeShortestSide,
    SoftLabelFromHiRes,
    SoftLabelPool,
    SoftLabelResize,
    SSDColourJitter,
)

__all__ = [
    'AnnotationError',
    'AutoAugmentColour',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'MinLabelledCells',
    'PackPanopticInputs',
    'PackSoftSegInputs',
    'PanopticCopyPaste',
    'PanopticDataset',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColourJitter',
    'SampleKey',
    'SeededInfiniteSampler',
    'SoftLabelFromHiRes',
    'SoftLabelPool',
    'SoftLabelResize',
]
