"""kMaX-DeepLab, R50, ADE20K panoptic, as published: 100k iterations.

    tools/dist_train.sh configs/kmax/kmax_r50_ade20k.py 8

PQ 42.2 in the published code's README; ours: not trained yet.
"""

_base_ = [
    '../_base_/models/kmax_r50.py',
    '../_base_/datasets/ade20k_panoptic.py',
    '../_base_/schedules/kmax_150k.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_things_classes=100,
    num_stuff_classes=50,
    panoptic_head=dict(transformer_decoder=dict(drop_path_rate=0.0)),
    test_cfg=dict(thing_threshold=0.4, stuff_threshold=0.4),
)
max_iters = 100000
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=5000, power=0.9),
]
train_cfg = dict(max_iters=max_iters)
