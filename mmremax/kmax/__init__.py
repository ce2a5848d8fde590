"""kMaX-DeepLab, whole: network, matching, losses and merge."""

from . import (
    backbones,
    losses,
)
from .data_preprocessor import KMaXDataPreprocessor
from .detector import KMaXDeepLab
from .fusion import KMaXFusionHead
from .fusion_config import FusionConfig
from .head import KMaXHead
from .matcher import KMaXAssigner
from .pixel_decoder import KMaXPixelDecoder
from .predictions import LayerPrediction
from .segments import BatchSegments
from .semantic_decoder import AuxiliarySemanticHead
from .simple_semantic_head import SimpleSemanticHead
from .targets import MaskTargets
from .transformer_decoder import KMaXTransformerDecoder

__all__ = [
    'AuxiliarySemanticHead',
    'BatchSegments',
    'FusionConfig',
    'KMaXAssigner',
    'KMaXDataPreprocessor',
    'KMaXDeepLab',
    'KMaXFusionHead',
    'KMaXHead',
    'KMaXPixelDecoder',
    'KMaXTransformerDecoder',
    'LayerPrediction',
    'MaskTargets',
    'SimpleSemanticHead',
    'backbones',
    'losses',
]
