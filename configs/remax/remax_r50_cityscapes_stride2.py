"""ReMaX with R50, Cityscapes panoptic, masks at stride 2, 60k iterations.

    tools/dist_train.sh configs/remax/remax_r50_cityscapes_stride2.py 8

PQ about 65.4 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_cityscapes_60k_stride2.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
