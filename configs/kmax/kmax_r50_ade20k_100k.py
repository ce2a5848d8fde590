"""kMaX-DeepLab, R50, ADE20K panoptic, under ReMaX's recipe: 100k.

    tools/dist_train.sh configs/kmax/kmax_r50_ade20k_100k.py 8

The baseline of remax_r50_ade20k.py: it differs from kmax_r50_ade20k.py in
the recipe alone, and from ReMaX in the overlay alone. PQ: not trained yet.
"""

_base_ = ['./kmax_r50_ade20k.py']

max_iters = 100000
optim_wrapper = dict(optimizer=dict(lr=6e-3, weight_decay=0.005))
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

train_pipeline = _base_.train_pipeline
train_pipeline[4] = dict(type='AutoAugmentColor')
train_pipeline[5]['pipeline'][4] = train_pipeline[4]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
