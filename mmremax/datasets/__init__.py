from .annotation_file import AnnotationError
from .panoptic_dataset import PanopticDataset
from .samplers import SampleKey, SeededInfiniteSampler
from .transforms import (
    LoadPanopticImage,
    LoadPanopticMap,
    MinLabelledCells,
    PackPanopticInputs,
    RandomScaleCrop,
    ResizeShortestSide,
    SSDColourJitter,
)

__all__ = [
    'AnnotationError',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'MinLabelledCells',
    'PackPanopticInputs',
    'PanopticDataset',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColourJitter',
    'SampleKey',
    'SeededInfiniteSampler',
]
