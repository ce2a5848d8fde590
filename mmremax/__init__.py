"""ReMaX and kMaX-DeepLab: panoptic segmentation in mmdet's registries.

``import mmremax`` registers every component of the package.
"""

from .utils.compat import prepare_stack

__version__ = '0.1.0'

prepare_stack()

from . import (  # noqa: E402
    datasets,
    engine,
    evaluation,
    kmax,
    mp_former,
    remax,
    soft_label,
    visualization,
)
from .utils import aliases  # noqa: E402

__all__ = [
    '__version__',
    'aliases',
    'datasets',
    'engine',
    'evaluation',
    'kmax',
    'mp_former',
    'remax',
    'soft_label',
    'visualization',
]
