"""From images to a padded batch."""

from .kmax_data_preprocessor import KMaXDataPreprocessor

__all__ = ['KMaXDataPreprocessor']
