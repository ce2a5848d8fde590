"""Backbones that mmpretrain lacks, or whose features we need otherwise."""

from .axial_resnet import AxialResNet
from .kmax_convnext import KMaXConvNeXt
from .kmax_mobilenet_v3 import KMaXMobileNetV3
from .kmax_resnet import KMaXResNet
from .pretrained_weights import PretrainedWeights

__all__ = [
    'AxialResNet',
    'KMaXConvNeXt',
    'KMaXMobileNetV3',
    'KMaXResNet',
    'PretrainedWeights',
]
