"""kMaX-DeepLab, ConvNeXt-Small, COCO panoptic, as published: 150k iterations.

    tools/dist_train.sh configs/kmax/kmax_convnext-s_coco.py 8

PQ 56.7 in the published code's README; ours: not trained yet.
"""

_base_ = ['./kmax_r50_coco.py', '../_base_/backbones/convnext.py']

model = _base_.convnext_s
