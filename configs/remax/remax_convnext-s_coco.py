"""ReMaX with ConvNeXt-Small, COCO panoptic, 50k iterations.

    tools/dist_train.sh configs/remax/remax_convnext-s_coco.py 8

PQ about 56.6 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_convnext-s_coco_50k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
