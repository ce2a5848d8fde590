"""kMaX-DeepLab, MobileNetV3-Large, Cityscapes panoptic, ReMaX's recipe: 60k.

    tools/dist_train.sh configs/kmax/kmax_mnv3-l_cityscapes.py 8

The baseline of remax_mnv3-l_cityscapes.py, which differs in the overlay
alone. Masks and labels have stride 2. PQ: not trained yet.
"""

_base_ = [
    './kmax_r50_cityscapes_60k_stride2.py',
    '../_base_/backbones/mobilenet_v3.py',
]

model = _base_.mnv3_l
model.backbone.strides = (2, 4, 8, 16, 32)
model.panoptic_head.pixel_decoder.update(
    in_channels=(16, 72, 120, 672, 960), num_blocks=(1, 1, 1, 1, 1)
)
