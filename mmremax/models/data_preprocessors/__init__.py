"""From images to a padded batch."""

from .kmax_data_preprocessor import KMaXDataPreprocessor
from .soft_seg_data_preprocessor import SoftSegDataPreProcessor

__all__ = ['KMaXDataPreprocessor', 'SoftSegDataPreProcessor']
