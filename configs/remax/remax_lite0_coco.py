"""ReMaX with EfficientNet-Lite0, COCO panoptic at 641, 50k iterations.

    tools/dist_train.sh configs/remax/remax_lite0_coco.py 8

Not of the paper. PQ: not trained yet.
"""

_base_ = [
    '../kmax/kmax_lite0_coco.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
