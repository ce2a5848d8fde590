"""ReMaX with MobileNetV3-Large, Cityscapes panoptic, 60k iterations.

    tools/dist_train.sh configs/remax/remax_mnv3-l_cityscapes.py 8

PQ 62.5 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_mnv3-l_cityscapes.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
