"""ReMaX with R50, ADE20K panoptic at 641, 100k iterations.

    tools/dist_train.sh configs/remax/remax_r50_ade20k_641.py 8

PQ 41.9 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_ade20k_100k_641.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
