from mmremax.datasets.transforms.auto_augment_color import AutoAugmentColour
from mmremax.datasets.transforms.color_jitter import SSDColourJitter
from mmremax.datasets.transforms.formatting import PackPanopticInputs
from mmremax.datasets.transforms.loading import (
    LoadPanopticImage,
    LoadPanopticMap,
)
from mmremax.datasets.transforms.min_labelled_cells import MinLabelledCells
from mmremax.datasets.transforms.panoptic_copy_paste import PanopticCopyPaste
from mmremax.datasets.transforms.random_scale_crop import RandomScaleCrop
from mmremax.datasets.transforms.resize_shortest_side import ResizeShortestSide

from .annotation_file import AnnotationError
from .panoptic_dataset import PanopticDataset
from .sampler import (
    SampleKey,
    SeededInfiniteSampler,
)

__all__ = [
    'AnnotationError',
    'AutoAugmentColour',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'MinLabelledCells',
    'PackPanopticInputs',
    'PanopticCopyPaste',
    'PanopticDataset',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColourJitter',
    'SampleKey',
    'SeededInfiniteSampler',
]
