"""Semantic branches of the training, and the fusion of the outputs."""

from .auxiliary_semantic_head import AuxiliarySemanticHead
from .panoptic_fusion_heads import FusionConfig, KMaXFusionHead
from .semantic_aux_head import SemanticAuxHead
from .simple_semantic_head import SimpleSemanticHead

__all__ = [
    'AuxiliarySemanticHead',
    'FusionConfig',
    'KMaXFusionHead',
    'SemanticAuxHead',
    'SimpleSemanticHead',
]
