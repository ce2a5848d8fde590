"""kMaX-DeepLab, R50, COCO panoptic, under ReMaX's long recipe: 150k.

    tools/dist_train.sh configs/kmax/kmax_r50_coco_150k.py 8

The baseline of remax_r50_coco_150k.py. It differs from
kmax_r50_coco_50k.py in iterations and weight decay. PQ: not trained yet.
Not kmax_r50_coco.py, which is kMaX as published and also runs for 150k.
"""

_base_ = ['./kmax_r50_coco_50k.py']

max_iters = 150000
optim_wrapper = dict(optimizer=dict(weight_decay=0.02))
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
