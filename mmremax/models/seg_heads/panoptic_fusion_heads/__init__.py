from .kmax_fusion_head import KMaXFusionHead

__all__ = ['KMaXFusionHead']
