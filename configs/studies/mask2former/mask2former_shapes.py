"""A small Mask2Former (mmdet's own) on synthetic shapes, for a CPU.

    python tools/train.py configs/studies/mask2former/mask2former_shapes.py \
        --data-root data/shapes_salient

The baseline of the other files here. PQ and time: ../README.md.
"""

_base_ = [
    '../../_base_/models/mask2former_small.py',
    '../../_base_/datasets/shapes_panoptic.py',
    '../../_base_/default_runtime.py',
]

crop_size = (128, 128)
num_things_classes = 6
num_stuff_classes = 4
model = dict(
    data_preprocessor=dict(
        batch_augments=[
            dict(
                type='BatchFixedSizePad',
                size=crop_size,
                img_pad_value=0,
                pad_mask=True,
                mask_pad_value=0,
                pad_seg=True,
                seg_pad_value=255,
            )
        ],
    ),
    backbone=dict(
        type='mmpretrain.MobileNetV3',
        arch='small',
        out_indices=(1, 3, 8, 12),
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),
    ),
    panoptic_head=dict(
        in_channels=[16, 24, 48, 576],
        num_things_classes=num_things_classes,
        num_stuff_classes=num_stuff_classes,
        loss_cls=dict(
            class_weight=[1.0] * (num_things_classes + num_stuff_classes)
            + [0.1],
        ),
    ),
    panoptic_fusion_head=dict(
        num_things_classes=num_things_classes,
        num_stuff_classes=num_stuff_classes,
    ),
)

train_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(type='LoadPanopticMap'),
    dict(type='RandomScaleCrop', crop_size=crop_size, scale_range=(0.8, 1.4)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SSDColorJitter'),
    dict(type='FilterUnlabeledCrops'),
    dict(type='PanopticMapToMasks'),
    dict(
        type='PackDetInputs',
        meta_keys=(
            'img_id',
            'img_path',
            'ori_shape',
            'img_shape',
            'scale_factor',
            'flip',
            'sample_idx',
            'num_discarded',
        ),
    ),
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
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    pin_memory=False,
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

max_iters = 700
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=50, by_epoch=False),
    dict(
        type='MultiStepLR',
        milestones=[max_iters * 85 // 100, max_iters * 95 // 100],
        gamma=0.1,
        by_epoch=False,
    ),
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters // 2
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
custom_hooks = [*_base_.custom_hooks, dict(type='RichProgressHook')]
default_hooks = dict(checkpoint=dict(interval=350, max_keep_ckpts=1))
