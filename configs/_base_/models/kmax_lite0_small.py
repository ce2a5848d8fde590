"""A small kMaX-DeepLab for a CPU: EfficientNet-Lite0, narrow decoders.

The recipes of configs/small share it; a data set has its own classes and
sizes.
"""

_base_ = ['./kmax_r50.py', '../backbones/efficientnet_lite0.py']

model = _base_.lite0
model.panoptic_head.pixel_decoder.base_channels = (64, 32, 32, 16)
model.panoptic_head.transformer_decoder.update(
    embed_dims=96, pixel_embed_dims=48, ffn_channels=256, drop_path_rate=0.0
)
model.panoptic_head.update(
    auxiliary_semantic_head=dict(channels=48, low_level_channels=(24, 16)),
    loss_insdis=dict(num_samples=512),
    loss_aux_semantic=dict(num_samples=512),
)
