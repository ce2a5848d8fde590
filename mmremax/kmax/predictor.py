"""Class and mask logits from queries and a pixel feature.

Letters: B images, C D channels, H W or h w the stated stride, P = H * W,
Q queries, K classes without no_object.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import (
    BatchNorm,
    ConvNormAct,
    at_least_float32,
    conv1x1_logits,
    depthwise_separable,
    trunc_normal_small_,
)


@dataclass
class LayerPrediction:
    """One prediction of the decoder: of a layer's input query, or the final.

    Attributes:
        class_logits: Logits, no_object last; the void prior is included.
            (B, Q, K + 1).
        mask_logits: Logits, competing over the queries. (B, Q, h, w).
        pixel_feature: Unit length over channels. (B, D, h, w).
        key: Projected pixel feature of the layer; None for the final
            output. (B, C, h', w'), at the layer's own stride even where the
            others were resized.
        memory: The pixel decoder's output that the key was projected from;
            None for the final output. (B, C', h', w').
        prefix: Of its losses in the log: `d{i}.` for layer i, empty for the
            final output.
        is_relaxed: Whether the mask loss may relax the masks (ReMaX).
        semantic_logits: Of the semantic branch beside the layer, logits;
            None where there is no branch. (B, K, h', w').
    """

    class_logits: Tensor
    mask_logits: Tensor
    pixel_feature: Tensor
    key: Tensor | None = None
    memory: Tensor | None = None
    prefix: str = ''
    is_relaxed: bool = False
    semantic_logits: Tensor | None = None


NO_OBJECT_PRIOR = 0.9


def no_object_bias(num_classes: int) -> float:
    """Return what the no_object logit gets so that it starts at p = 0.9.

    ln(K * 0.9 / 0.1) solves exp(b) / (exp(b) + K) = 0.9 for equal other
    logits. It is no parameter: the published weights are relative to it.
    """
    return math.log(num_classes * NO_OBJECT_PRIOR / (1 - NO_OBJECT_PRIOR))


class KMaXPredictor(nn.Module):
    """Scores the queries' classes, and each pixel against each query.

    Queries of `embed_dims` and pixels of `in_channels` (C) channels meet in
    `pixel_embed_dims` (D).
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        embed_dims: int = 256,
        pixel_embed_dims: int = 128,
    ) -> None:
        super().__init__()
        self.no_object_bias = no_object_bias(num_classes)
        self.pixel_head = nn.Sequential(
            OrderedDict(
                separable=depthwise_separable(in_channels, embed_dims),
                project=ConvNormAct(
                    embed_dims,
                    pixel_embed_dims,
                    bias=True,
                    act=False,
                    init=trunc_normal_small_,
                ),
            )
        )
        self.class_head = conv1x1_logits(embed_dims, num_classes + 1, dims=1)
        self.mask_head = ConvNormAct(
            embed_dims, pixel_embed_dims, dims=1, act=False
        )
        self.mask_norm = BatchNorm(1, gamma=0.1)

    def forward(
        self,
        class_embedding: Tensor,
        mask_embedding: Tensor,
        pixel_feature: Tensor,
    ) -> LayerPrediction:
        """Predict from a pixel feature (B, C, H, W); the result has no key.

        The queries come once for the classes, once for the masks, both
        (B, embed_dims, Q).
        """
        class_logits = self.class_head(class_embedding).transpose(1, 2)
        real, no_object = class_logits.split(
            [class_logits.shape[2] - 1, 1], dim=2
        )
        class_logits = torch.cat(
            [real, no_object + self.no_object_bias], dim=2
        )
        unit = F.normalize(at_least_float32(self.pixel_head(pixel_feature)))
        mask_kernel = self.mask_head(mask_embedding).transpose(1, 2)
        similarity = mask_kernel.to(unit.dtype) @ unit.flatten(2)  # (B, Q, P)
        # One scale and shift for all queries: Q and P are one batch axis.
        mask_logits = self.mask_norm(similarity.unsqueeze(1)).squeeze(1)
        return LayerPrediction(
            class_logits=class_logits,
            mask_logits=mask_logits.unflatten(2, unit.shape[2:]),
            pixel_feature=unit,
        )
