"""ReMaX-T: MobileNetV3-Small, COCO panoptic at 641, 50k iterations.

    tools/dist_train.sh configs/remax/remax-t_mnv3-s_coco.py 8

PQ 40.4 in the paper (Table 12); ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_mnv3-s_coco.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
