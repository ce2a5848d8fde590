"""A small kMaX-DeepLab, EfficientNet-Lite0, on nuclei (BBBC038), for a CPU.

    python tools/train.py configs/small/kmax_lite0_nuclei.py

The baseline of remax_lite0_nuclei.py. Data, weights, PQ: README.md.
"""

_base_ = [
    '../_base_/models/kmax_lite0_small.py',
    '../_base_/datasets/nuclei_panoptic.py',
    '../_base_/schedules/kmax_150k.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_things_classes=1,
    num_stuff_classes=1,
    data_preprocessor=dict(crop_size=_base_.image_size),
    backbone=dict(last_stride=16),  # small objects need no deeper stages
    panoptic_head=dict(
        pixel_decoder=dict(in_channels=(24, 40, 112, 112)),
        transformer_decoder=dict(num_queries=192),
    ),
    test_cfg=dict(thing_threshold=0.2),
)

max_iters = 600
optim_wrapper = dict(optimizer=dict(lr=1.4e-2, weight_decay=0.005))
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=100, power=0.9)
]
train_cfg = dict(max_iters=max_iters, val_interval=200)
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='RichProgressHook'),
    dict(type='NormMomentumHook', momentum=0.03),
]
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
auto_scale_lr = dict(base_batch_size=8)
