from .panoptic_fusion_heads import KMaXFusionHead

__all__ = ['KMaXFusionHead']
