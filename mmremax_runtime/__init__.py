"""Panoptic results and exported models, without torch.

Needs NumPy and Pillow; ONNX Runtime or OpenVINO to run a model. `mmremax`
trains and exports; it uses these results, images and the merge too.
"""

from .classes import Classes, ClassesError
from .evidence import Evidence
from .images import ImageError, list_images, read_image
from .merge import FusionConfig
from .segmentation import Segment, Segmentation
from .segmenter import Segmenter

__all__ = [
    'Classes',
    'ClassesError',
    'Evidence',
    'FusionConfig',
    'ImageError',
    'Segment',
    'Segmentation',
    'Segmenter',
    'list_images',
    'read_image',
]
