from mmremax.datasets.transforms.auto_augment_color import AutoAugmentColor
from mmremax.datasets.transforms.color_jitter import SSDColorJitter
from mmremax.datasets.transforms.filter_unlabeled_crops import (
    FilterUnlabeledCrops,
)
from mmremax.datasets.transforms.formatting import PackPanopticInputs
from mmremax.datasets.transforms.loading import (
    LoadPanopticImage,
    LoadPanopticMap,
)
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
    'AutoAugmentColor',
    'LoadPanopticImage',
    'LoadPanopticMap',
    'FilterUnlabeledCrops',
    'PackPanopticInputs',
    'PanopticCopyPaste',
    'PanopticDataset',
    'RandomScaleCrop',
    'ResizeShortestSide',
    'SSDColorJitter',
    'SampleKey',
    'SeededInfiniteSampler',
]
