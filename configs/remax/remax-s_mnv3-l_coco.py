"""ReMaX-S: MobileNetV3-Large, COCO panoptic at 641, 50k iterations.

    tools/dist_train.sh configs/remax/remax-s_mnv3-l_coco.py 8

PQ 44.6 in the paper (Table 12); ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_mnv3-l_coco.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
