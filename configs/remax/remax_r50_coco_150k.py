"""ReMaX-B: R50, COCO panoptic, 150k iterations.

    tools/dist_train.sh configs/remax/remax_r50_coco_150k.py 8

PQ: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_coco_150k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
