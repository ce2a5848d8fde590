"""kMaX-DeepLab, whole: network, matching, losses and merge."""

from mmremax_runtime.merge import FusionConfig

from . import backbones, losses
from .data_preprocessor import KMaXDataPreprocessor
from .detector import KMaXDeepLab
from .fusion import KMaXFusionHead
from .head import KMaXHead
from .matcher import KMaXAssigner
from .pixel_decoder import KMaXPixelDecoder
from .predictor import LayerPrediction
from .segments import BatchSegments
from .semantic_decoder import KMaXSemanticClassifier, KMaXSemanticDecoder
from .targets import MaskTargets
from .transformer_decoder import KMaXTransformerDecoder
from .union_tta import UnionTTAModel

__all__ = [
    'KMaXSemanticDecoder',
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
    'KMaXSemanticClassifier',
    'UnionTTAModel',
    'backbones',
    'losses',
]
