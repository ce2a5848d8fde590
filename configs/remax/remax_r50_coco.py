"""ReMaX-B: R50, COCO panoptic, 50k iterations.

    tools/dist_train.sh configs/remax/remax_r50_coco.py 8

PQ 52.4 in the paper (Table 3); ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_coco_50k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
