"""The k-means transformer decoder and its layers.

Letters: B images, C channels, H W of the stated stride, Q queries,
K classes without no_object.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import chain, repeat

import torch
from mmcv.cnn.bricks.drop import DropPath
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from .attention import KMeansCrossAttention, QuerySelfAttention
from .layers import ConvNormAct, trunc_normal_
from .predictor import KMaXPredictor, LayerPrediction


class KMaXDecoderLayer(nn.Module):
    """Predicts from the queries it gets, then updates them.

    The prediction's masks are the affinity of the k-means step, so the
    losses on them train the assignment. The arguments are those of
    KMaXTransformerDecoder, for one layer.

    Paper: kMaX-DeepLab, kMaX decoder.
    """

    def __init__(
        self,
        memory_channels: int,
        num_classes: int,
        embed_dims: int = 256,
        pixel_embed_dims: int = 128,
        num_heads: int = 8,
        ffn_channels: int = 2048,
        drop_path_rate: float = 0.2,
    ) -> None:
        super().__init__()
        self.query_projection = ConvNormAct(embed_dims, embed_dims, dims=1)
        self.key_projection = ConvNormAct(memory_channels, embed_dims)
        self.predictor = KMaXPredictor(
            embed_dims, num_classes, embed_dims, pixel_embed_dims
        )
        self.cross_attention = KMeansCrossAttention(embed_dims)
        self.self_attention = QuerySelfAttention(embed_dims, num_heads)
        self.ffn = nn.Sequential(
            OrderedDict(
                expand=ConvNormAct(embed_dims, ffn_channels, dims=1),
                project=ConvNormAct(
                    ffn_channels, embed_dims, dims=1, act=False, gamma=0.0
                ),
            )
        )
        self.drop_path = DropPath(drop_path_rate)

    def forward(
        self, query: Tensor, memory: Tensor
    ) -> tuple[Tensor, LayerPrediction]:
        """Predict from the queries (B, C, Q); return updated ones first.

        The memory is the pixel decoder's output of the layer's stride, not
        activated. (B, memory_channels, H, W).
        """
        key = self.key_projection(F.gelu(memory))
        embedding = self.query_projection(query)
        prediction = self.predictor(embedding, embedding, key)
        prediction.key, prediction.memory = key, memory

        update = self.cross_attention(key, prediction.mask_logits)
        query = query + self.drop_path(update)
        # Attends with the projection of the queries before the update.
        update = self.self_attention(embedding)
        query = F.gelu(query + self.drop_path(update))
        query = F.gelu(query + self.drop_path(self.ffn(query)))
        return query, prediction


@MODELS.register_module()
class KMaXTransformerDecoder(BaseModule):
    """Refines learnable queries on memories of growing resolution.

    There are no positional encodings.

    Paper: kMaX-DeepLab, kMaX decoder.

    Args:
        num_classes: K.
        memory_channels: Of each memory, highest stride first.
        mask_feature_channels: Of the feature of the final masks.
        num_queries: Q.
        num_layers: On each memory.
        embed_dims: C, of the queries.
        pixel_embed_dims: Channels in which pixels and queries meet.
        ffn_channels: Hidden channels of the feed-forward networks.
        drop_path_rate: Probability to drop a residual branch of a sample;
            drawn for each of the three branches of a layer.

    Attributes:
        layer_channels: Of `key` and `memory` of each layer's prediction.
        num_outputs: Predictions, the final one included.
    """

    def __init__(
        self,
        num_classes: int,
        memory_channels: Sequence[int],
        mask_feature_channels: int,
        num_queries: int = 128,
        num_layers: Sequence[int] = (2, 2, 2),
        embed_dims: int = 256,
        pixel_embed_dims: int = 128,
        num_heads: int = 8,
        ffn_channels: int = 2048,
        drop_path_rate: float = 0.2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(num_layers) != len(memory_channels):
            raise ValueError(
                'KMaXTransformerDecoder needs one entry of num_layers for '
                f'each of the {len(memory_channels)} memories: got '
                f'{num_layers}.'
            )
        self.num_layers = tuple(num_layers)
        self.num_outputs = sum(num_layers) + 1
        self.query_feat = nn.Parameter(torch.empty(embed_dims, num_queries))
        trunc_normal_(self.query_feat, 1.0)
        of_layer = _of_layers(memory_channels, num_layers)
        self.layer_channels = dict(
            key=[embed_dims] * len(of_layer), memory=of_layer
        )
        self.layers = nn.ModuleList(
            KMaXDecoderLayer(
                channels,
                num_classes,
                embed_dims,
                pixel_embed_dims,
                num_heads,
                ffn_channels,
                drop_path_rate,
            )
            for channels in of_layer
        )
        self.class_projection = ConvNormAct(embed_dims, embed_dims, dims=1)
        self.mask_projection = ConvNormAct(embed_dims, embed_dims, dims=1)
        self.predictor = KMaXPredictor(
            mask_feature_channels, num_classes, embed_dims, pixel_embed_dims
        )

    def forward(
        self, memories: Sequence[Tensor], mask_feature: Tensor
    ) -> list[LayerPrediction]:
        """Predict for each layer at its own stride, and finally at stride 4.

        Memories, highest stride first, and the mask feature of stride 4 are
        not activated. (B, C, H, W) each.
        """
        of_layer = _of_layers(memories, self.num_layers)
        query = self.query_feat.expand(mask_feature.shape[0], -1, -1)
        predictions = []
        for i, (layer, memory) in enumerate(
            zip(self.layers, of_layer, strict=True)
        ):
            query, prediction = layer(query, memory)
            prediction.prefix = f'd{i}.'
            predictions.append(prediction)
        final = self.predictor(
            self.class_projection(query),
            self.mask_projection(query),
            mask_feature,
        )
        return [*predictions, final]


def _of_layers(of_memories: Sequence, num_layers: Sequence[int]) -> list:
    """Repeat each memory's value for the layers on it."""
    return list(chain.from_iterable(map(repeat, of_memories, num_layers)))
