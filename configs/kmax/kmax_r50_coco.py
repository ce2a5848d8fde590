"""kMaX-DeepLab, R50, COCO panoptic, as published: 150k iterations.

    tools/dist_train.sh configs/kmax/kmax_r50_coco.py 8

PQ 53.3 in the published code's README (53 h on 32 V100); ours: not trained
yet.
"""

_base_ = [
    '../_base_/models/kmax_r50.py',
    '../_base_/datasets/coco_panoptic.py',
    '../_base_/schedules/kmax_150k.py',
    '../_base_/default_runtime.py',
]
