from .panoptic_metric import PanopticQualityMetric

__all__ = ['PanopticQualityMetric']
