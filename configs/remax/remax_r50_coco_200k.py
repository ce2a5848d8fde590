"""ReMaX-B: R50, COCO panoptic, 200k iterations.

    tools/dist_train.sh configs/remax/remax_r50_coco_200k.py 8

PQ 54.2 in the paper; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_coco_200k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
