"""ReMaX with MobileNetV3-Small, Cityscapes panoptic, 60k iterations.

    tools/dist_train.sh configs/remax/remax_mnv3-s_cityscapes.py 8

PQ about 57.7 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_mnv3-s_cityscapes.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
