"""ReMaX with ConvNeXt-Tiny, COCO panoptic, 50k iterations.

    tools/dist_train.sh configs/remax/remax_convnext-t_coco.py 8

PQ about 55.9 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_convnext-t_coco_50k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
