"""ReMaX-B: R50, COCO panoptic, 100k iterations.

    tools/dist_train.sh configs/remax/remax_r50_coco_100k.py 8

PQ: not trained yet.
"""

_base_ = [
    '../kmax/kmax_r50_coco_100k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
