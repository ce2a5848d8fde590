"""kMaX-DeepLab, EfficientNet-Lite0, COCO panoptic at 641: 50k iterations.

    tools/dist_train.sh configs/kmax/kmax_lite0_coco.py 8

The baseline of remax_lite0_coco.py, which differs in the overlay alone; the
recipe is that of kmax_r50_coco_50k.py. PQ: not trained yet.
"""

_base_ = [
    './kmax_r50_coco_641.py',
    '../_base_/backbones/efficientnet_lite0.py',
]

model = _base_.lite0
