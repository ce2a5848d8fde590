"""The backbones that mmpretrain does not have as kMaX-DeepLab uses them."""

from .axial_resnet import AxialResNet
from .convnext import KMaXConvNeXt
from .mobilenet_v3 import KMaXMobileNetV3
from .resnet import KMaXResNet
from .timm_features import TimmFeatures

__all__ = [
    'AxialResNet',
    'KMaXConvNeXt',
    'KMaXMobileNetV3',
    'KMaXResNet',
    'TimmFeatures',
]
