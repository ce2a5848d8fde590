"""MobileNetV3-Small learns the classes of shapes, before the studies.

    python tools/train.py \
        configs/studies/pretraining/semantic_mnv3-s_shapes.py \
        --data-root data/vivid_pretraining

What ImageNet is to the paper: other images, and labels that know classes but
no instances. Only the backbone is used afterwards. Data, mIoU: ../README.md.
"""

_base_ = [
    '../../_base_/datasets/shapes_semantic_quarter.py',
    '../../_base_/mmseg_runtime.py',
    'mmseg::_base_/default_runtime.py',
]

data_root = 'data/vivid_pretraining/'
crop_size = (129, 129)
things = ('disc', 'square', 'triangle', 'star', 'cross', 'ring')
classes = (*things, 'bricks', 'waves', 'grass', 'clouds')
metainfo = dict(classes=classes, palette=[[20 * i] * 3 for i in range(10)])
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        bgr_to_rgb=True,
        size=crop_size,
        pad_val=127.5,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='mmpretrain.MobileNetV3',
        arch='small',
        out_indices=(1, 3, 8, 12),
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),
    ),
    decode_head=dict(
        type='SegformerHead',
        in_channels=[16, 24, 48, 576],
        in_index=[0, 1, 2, 3],
        channels=48,
        dropout_ratio=0.0,
        num_classes=10,
        norm_cfg=dict(type='BN'),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=crop_size,
        ratio_range=(0.8, 1.4),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        data_root=data_root, metainfo=metainfo, pipeline=train_pipeline
    ),
)
val_dataloader = dict(
    batch_size=16,
    dataset=dict(
        data_root=data_root, metainfo=metainfo, pipeline=test_pipeline
    ),
)
test_dataloader = val_dataloader

max_iters = 900
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-3, weight_decay=0.01),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=50, by_epoch=False),
    dict(
        type='PolyLR',
        power=1.0,
        eta_min=0.0,
        begin=50,
        end=max_iters,
        by_epoch=False,
    ),
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=300
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=max_iters),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)
