"""The quickstart's ReMaX overfits a few real images, on a CPU.

    python tools/train.py configs/quickstart/remax_mnv3-s_sample_overfit.py \
        --data-root DIR --no-pretrained

The proof that matching, losses, targets and fusion fit together on real
annotation: from random weights, without augmentation. DIR, curve, picture
and time: docs/performance.md.
"""

_base_ = ['./remax_mnv3-s_shapes.py']

crop_size = (385, 385)
model = dict(
    num_things_classes=80,
    num_stuff_classes=53,
    data_preprocessor=dict(crop_size=crop_size),
    panoptic_head=dict(
        transformer_decoder=dict(num_queries=64),
        loss_insdis=dict(num_samples=2048),
        loss_aux_semantic=dict(num_samples=2048),
    ),
    test_cfg=dict(thing_threshold=0.7),  # as published: it is sure
)

data_root = 'data/coco_panoptic_sample/'
train_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(type='LoadPanopticMap'),
    dict(type='RandomScaleCrop', crop_size=crop_size, scale_range=(1.0, 1.0)),
    dict(type='PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(
        type='ResizeShortestSide',
        short_side=min(crop_size),
        long_side=max(crop_size),
    ),
    dict(type='PackPanopticInputs'),
]
images = dict(
    data_root=data_root,
    ann_file='annotations/panoptic_val2017.json',
    data_prefix=dict(img='val2017/', seg='annotations/panoptic_val2017/'),
)
train_dataloader = dict(
    batch_size=2, dataset=dict(pipeline=train_pipeline, **images)
)
val_dataloader = dict(
    batch_size=1, dataset=dict(pipeline=test_pipeline, **images)
)
test_dataloader = val_dataloader

max_iters = 1000
optim_wrapper = dict(optimizer=dict(lr=3e-3, weight_decay=0.0))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.001, begin=0, end=100, by_epoch=False
    ),
    dict(
        type='MultiStepLR',
        milestones=[max_iters * 80 // 100, max_iters * 92 // 100],
        gamma=0.1,
        by_epoch=False,
    ),
]
train_cfg = dict(max_iters=max_iters, val_interval=125)
custom_hooks = [
    dict(hook, momentum=0.1) if hook['type'] == 'NormMomentumHook' else hook
    for hook in _base_.custom_hooks
]
auto_scale_lr = dict(base_batch_size=2)
