"""kMaX-DeepLab on COCO as published: AdamW, polynomial decay, batch 64."""

max_iters = 150000
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05),
    constructor='KMaXOptimWrapperConstructor',
    paramwise_cfg=dict(
        lr_mult=dict(backbone=0.1),
        no_decay=('bias', 'relative_', 'query_feat'),
    ),
)
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=5000, power=0.9),
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=5000
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
