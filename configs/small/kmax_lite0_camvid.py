"""A small kMaX-DeepLab, EfficientNet-Lite0, on CamVid, for a CPU.

    python tools/train.py configs/small/kmax_lite0_camvid.py

Each class is one stuff segment. The baseline of remax_lite0_camvid.py. Data,
weights, PQ and mIoU: README.md.
"""

_base_ = [
    '../_base_/models/kmax_lite0_small.py',
    '../_base_/datasets/camvid_panoptic.py',
    '../_base_/schedules/kmax_150k.py',
    '../_base_/default_runtime.py',
]

model = dict(
    num_things_classes=0,
    num_stuff_classes=11,
    data_preprocessor=dict(crop_size=_base_.image_size),
    panoptic_head=dict(transformer_decoder=dict(num_queries=32)),
    test_cfg=dict(semantic_on=True, stuff_threshold=0.2),
)

max_iters = 500
optim_wrapper = dict(optimizer=dict(lr=1e-2, weight_decay=0.005))
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=80, power=0.9)
]
train_cfg = dict(max_iters=max_iters, val_interval=250)
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='RichProgressHook'),
    dict(type='NormMomentumHook', momentum=0.03),
]
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
auto_scale_lr = dict(base_batch_size=4)

val_evaluator = [_base_.val_evaluator, _base_.semantic_evaluator]
test_evaluator = val_evaluator
