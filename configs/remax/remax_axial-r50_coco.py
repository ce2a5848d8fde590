"""ReMaX with Axial-ResNet-50 (MaX-S), COCO panoptic, 50k iterations.

    tools/dist_train.sh configs/remax/remax_axial-r50_coco.py 8

The paper has no such row; ours: not trained yet.
"""

_base_ = [
    '../kmax/kmax_axial-r50_coco_50k.py',
    '../_base_/overlays/remax.py',
]
model = _base_.remax
