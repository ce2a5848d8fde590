"""The network of the published model, without losses: tests fill it."""

from mmdet.registry import MODELS
from torch import Tensor, nn

NARROW = dict(
    in_channels=(8, 16, 32, 64),
    base_channels=(64, 32, 16, 8),
    num_layers=(1, 1, 1),
    embed_dims=64,
    pixel_embed_dims=16,
    num_queries=10,
)


class Decoders(nn.Module):
    """The decoders of a head, under the names they have in it."""

    def __init__(
        self,
        num_classes: int,
        in_channels=(256, 512, 1024, 2048),
        base_channels=(512, 256, 128, 64),
        num_layers=(2, 2, 2),
        embed_dims=256,
        pixel_embed_dims=128,
        num_queries=128,
    ) -> None:
        super().__init__()
        self.pixel_decoder = MODELS.build(
            dict(
                type='KMaXPixelDecoder',
                in_channels=in_channels,
                base_channels=base_channels,
            )
        )
        self.transformer_decoder = MODELS.build(
            dict(
                type='KMaXTransformerDecoder',
                num_classes=num_classes,
                memory_channels=self.pixel_decoder.memory_channels,
                mask_feature_channels=self.pixel_decoder.mask_feature_channels,
                num_layers=num_layers,
                embed_dims=embed_dims,
                pixel_embed_dims=pixel_embed_dims,
                num_queries=num_queries,
            )
        )
        self.auxiliary_semantic_head = MODELS.build(
            dict(
                type='KMaXSemanticDecoder',
                num_classes=num_classes,
                in_channels=in_channels,
            )
        )

    def forward(self, feats: list[Tensor]) -> list:
        return self.transformer_decoder(*self.pixel_decoder(feats))
