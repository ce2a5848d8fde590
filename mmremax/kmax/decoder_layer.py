"""One layer of the k-means transformer decoder.

Letters: B images, C channels, H W of the stated stride, Q queries,
K classes without no_object.
"""

from __future__ import annotations

from collections import OrderedDict

from mmcv.cnn.bricks.drop import DropPath
from torch import Tensor, nn
from torch.nn import functional as F

from .conv_norm_act import ConvNormAct
from .kmeans_attention import KMeansCrossAttention
from .predictions import LayerPrediction
from .predictor import KMaXPredictor
from .query_self_attention import QuerySelfAttention


class KMaXDecoderLayer(nn.Module):
    """Predicts from the queries it gets, then updates them.

    The prediction's masks are the affinity of the k-means step, so the
    losses on them train the assignment.

    Paper: kMaX-DeepLab, kMaX decoder.

    Args:
        memory_channels: Of the pixel decoder's feature.
        num_classes: K.
        embed_dims: C, of the queries.
        pixel_embed_dims: Channels in which pixels and queries meet.
        num_heads: Of self-attention.
        ffn_channels: Hidden channels of the feed-forward network.
        drop_path_rate: Probability to drop a residual branch of a sample;
            drawn for each of the three branches.
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
        """Run the layer.

        Args:
            query: (B, C, Q).
            memory: Pixel decoder output of the layer's stride, not
                activated. (B, memory_channels, H, W).

        Returns:
            The updated queries (B, C, Q), and the prediction of the given
            queries.
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
