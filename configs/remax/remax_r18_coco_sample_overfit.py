"""A small ReMaX that learns a few real images by heart, on a CPU.

    python tools/train.py configs/remax/remax_r18_coco_sample_overfit.py \
        --data-root DIR --no-pretrained

The proof that matching, losses, targets and fusion fit together on real
annotation: from random weights, without augmentation. Curve, picture and
time: docs/sample.md.
"""

_base_ = [
    '../_base_/models/kmax_r50.py',
    '../_base_/datasets/coco_panoptic_sample.py',
    '../_base_/overlays/remax.py',
    '../_base_/default_runtime.py',
]

crop_size = (481, 481)
model = _base_.remax
model.panoptic_head.semantic_head.update(channels=64)
model.update(
    data_preprocessor=dict(crop_size=crop_size),
    backbone=dict(depth=18, base_channels=32, stem_channels=32, init_cfg=None),
)
model.panoptic_head.update(
    pixel_decoder=dict(
        in_channels=(32, 64, 128, 256),
        base_channels=(64, 64, 32, 32),
        num_blocks=(1, 1, 1, 1),
    ),
    transformer_decoder=dict(
        num_queries=64,
        num_layers=(1, 1, 1),
        embed_dims=128,
        pixel_embed_dims=64,
        ffn_channels=512,
        drop_path_rate=0.0,
    ),
    auxiliary_semantic_head=dict(
        channels=64, low_level_channels=(32, 16), dropout=0.0
    ),
    loss_insdis=dict(num_samples=2048),
)

train_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(type='LoadPanopticMap'),
    dict(type='RandomScaleCrop', crop_size=crop_size, scale_range=(1.0, 1.0)),
    dict(type='PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(
        type='ResizeShortestSide', short_side=min(crop_size),
        long_side=max(crop_size),
    ),
    dict(type='PackPanopticInputs'),
]
train_dataloader = dict(batch_size=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

max_iters = 1500
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.0),
)
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=100, power=0.9),
]
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=250
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(interval=250, max_keep_ckpts=1))
