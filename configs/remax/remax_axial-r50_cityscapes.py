"""ReMaX with Axial-ResNet-50 (MaX-S), Cityscapes panoptic, 60k iterations.

    tools/dist_train.sh configs/remax/remax_axial-r50_cityscapes.py 8

PQ about 68.7 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_axial-r50_cityscapes_60k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
