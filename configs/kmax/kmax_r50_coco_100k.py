"""kMaX-DeepLab, R50, COCO panoptic, under ReMaX's short recipe: 100k.

    tools/dist_train.sh configs/kmax/kmax_r50_coco_100k.py 8

The baseline of remax_r50_coco_100k.py. It differs from
kmax_r50_coco_50k.py in the iterations. PQ: not trained yet.
"""

_base_ = ['./kmax_r50_coco_50k.py']

max_iters = 100000
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.001, begin=0, end=5000, by_epoch=False
    ),
    dict(
        type='MultiStepLR',
        milestones=[max_iters * 85 // 100, max_iters * 95 // 100],
        gamma=0.1,
        by_epoch=False,
    ),
]
train_cfg = dict(max_iters=max_iters)
