"""A small kMaX-DeepLab on synthetic shapes, for a laptop's CPU.

    python tools/train.py configs/quickstart/kmax_mnv3-s_shapes.py \
        --data-root work_dirs/quickstart/data --no-pretrained

The baseline of remax_mnv3-s_shapes.py.
"""

_base_ = [
    '../_base_/models/kmax_r50.py',
    '../_base_/datasets/shapes_panoptic.py',
    '../_base_/schedules/kmax_150k.py',
    '../_base_/default_runtime.py',
]

crop_size = (129, 129)
model = dict(
    num_things_classes=6,
    num_stuff_classes=4,
    data_preprocessor=dict(crop_size=crop_size),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.MobileNetV3',
        arch='small',
        out_indices=(1, 3, 8, 12),
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),
    ),
    panoptic_head=dict(
        pixel_decoder=dict(
            in_channels=(16, 24, 48, 576),
            base_channels=(64, 32, 32, 16),
            num_blocks=(1, 1, 1, 1),
        ),
        transformer_decoder=dict(
            num_queries=32,
            num_layers=(1, 1, 1),
            embed_dims=96,
            pixel_embed_dims=48,
            ffn_channels=256,
            drop_path_rate=0.0,
        ),
        auxiliary_semantic_head=dict(channels=48, low_level_channels=(24, 16)),
        loss_insdis=dict(num_samples=512),
        loss_aux_semantic=dict(num_samples=512),
    ),
    # After 600 steps few queries are as sure as the published 0.7 asks for.
    test_cfg=dict(thing_threshold=0.2),
)

max_iters = 600
optim_wrapper = dict(
    optimizer=dict(lr=1e-2, weight_decay=0.005),
    paramwise_cfg=dict(lr_mult=dict(backbone=1.0)),  # it starts from random
)
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=100, power=0.9)
]
train_cfg = dict(max_iters=max_iters, val_interval=200)
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='RichProgressHook'),
    dict(type='NormMomentumHook', momentum=0.03),  # 600 steps are few
]
# Within two minutes also on a machine that is five times as slow.
default_hooks = dict(checkpoint=dict(interval=50, max_keep_ckpts=1))
# Two epochs: images as they are teach more than changed ones.
train_pipeline = [
    step for step in _base_.train_pipeline if step['type'] != 'SSDColorJitter'
]
train_pipeline[2].update(scale_range=(1.0, 1.0))
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    pin_memory=False,
    dataset=dict(pipeline=train_pipeline),
)
auto_scale_lr = dict(base_batch_size=8)
