"""Building blocks of the networks, free of losses."""

from .aspp import ASPP
from .axial_attention import AxialAttention, AxialAttention2d
from .conv_norm_act import ConvNormAct, conv1x1_logits, depthwise_separable
from .initialisation import (
    trunc_normal_,
    trunc_normal_he_,
    trunc_normal_lecun_,
    trunc_normal_small_,
)
from .kmax_decoder_layer import KMaXDecoderLayer
from .kmax_pixel_decoder import KMaXPixelDecoder, ResizedFuse
from .kmax_predictor import KMaXPredictor, no_object_bias
from .kmax_transformer_decoder import KMaXTransformerDecoder
from .kmeans_cross_attention import KMeansCrossAttention
from .mask_pilot_noise import MaskPilotNoise
from .mask_pilot_settings import MaskPilotSettings
from .mask_pilot_slots import MaskPilotSlots
from .norm import BatchNorm, ChannelLayerNorm, at_least_float32
from .pilot_masks import pilot_masks
from .query_self_attention import QuerySelfAttention
from .residual_block import ResidualBlock, axial_block, bottleneck_block
from .resize import is_odd, resize_like_kmax

__all__ = [
    'ASPP',
    'AxialAttention',
    'AxialAttention2d',
    'BatchNorm',
    'ChannelLayerNorm',
    'ConvNormAct',
    'KMaXDecoderLayer',
    'KMaXPixelDecoder',
    'KMaXPredictor',
    'KMaXTransformerDecoder',
    'KMeansCrossAttention',
    'MaskPilotNoise',
    'MaskPilotSettings',
    'MaskPilotSlots',
    'QuerySelfAttention',
    'ResidualBlock',
    'ResizedFuse',
    'at_least_float32',
    'axial_block',
    'bottleneck_block',
    'conv1x1_logits',
    'depthwise_separable',
    'is_odd',
    'no_object_bias',
    'pilot_masks',
    'resize_like_kmax',
    'trunc_normal_',
    'trunc_normal_he_',
    'trunc_normal_lecun_',
    'trunc_normal_small_',
]
