"""kMaX-DeepLab, R50, Cityscapes panoptic, as published: 60k iterations.

    tools/dist_train.sh configs/kmax/kmax_r50_cityscapes.py 8

PQ 63.5 in the published code's README; ours: not trained yet.
"""

_base_ = [
    '../_base_/models/kmax_r50_cityscapes.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/kmax_150k.py',
    '../_base_/default_runtime.py',
]

max_iters = 60000
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=5000, power=0.9),
]
train_cfg = dict(max_iters=max_iters)
auto_scale_lr = dict(base_batch_size=32)
