"""ReMaX with R50, ADE20K panoptic, 100k iterations.

    tools/dist_train.sh configs/remax/remax_r50_ade20k.py 8

PQ 43.4 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_ade20k_100k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
