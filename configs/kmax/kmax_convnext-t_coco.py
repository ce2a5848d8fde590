"""kMaX-DeepLab, ConvNeXt-Tiny, COCO panoptic, as published: 150k iterations.

    tools/dist_train.sh configs/kmax/kmax_convnext-t_coco.py 8

PQ 55.5 in the published code's README; ours: not trained yet.
"""

_base_ = ['./kmax_r50_coco.py', '../_base_/backbones/convnext.py']

model = _base_.convnext_t
