"""ReMaX-M: R50, COCO panoptic at 641, 50k iterations.

    tools/dist_train.sh configs/remax/remax-m_r50_coco.py 8

PQ 49.1 in the paper (Table 12); ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_coco_641.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
