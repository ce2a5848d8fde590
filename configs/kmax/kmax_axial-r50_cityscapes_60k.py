"""kMaX-DeepLab, Axial-ResNet-50, Cityscapes panoptic: ReMaX's recipe, 60k.

    tools/dist_train.sh configs/kmax/kmax_axial-r50_cityscapes_60k.py 8

The baseline of remax_axial-r50_cityscapes.py, which differs in the overlay
alone. Masks and labels have stride 2. PQ: not trained yet.
"""

_base_ = [
    './kmax_r50_cityscapes_60k_stride2.py',
    '../_base_/backbones/axial-r50.py',
]

model = _base_.axial_r50
model.backbone.strides = (2, 4, 8, 16, 32)
model.panoptic_head = dict(
    pixel_decoder=dict(in_channels=(128, 256, 512, 1024, 2048))
)
