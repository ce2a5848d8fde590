from .fusion_config import FusionConfig
from .kmax_fusion_head import KMaXFusionHead

__all__ = ['FusionConfig', 'KMaXFusionHead']
