"""EfficientNet-Lite0 with SegFormer's head, CamVid at half, hard labels.

    python tools/train.py configs/small/segformer_lite0_camvid-half_hard.py

The baseline of segformer_lite0_camvid-half_area.py. Images are reduced with
the area kernel in both; only the labels differ. mIoU: README.md.
"""

_base_ = [
    '../_base_/backbones/efficientnet_lite0.py',
    '../_base_/datasets/camvid_semantic.py',
    '../_base_/schedules/mmseg_iterations.py',
    '../_base_/mmseg_runtime.py',
    'mmseg::_base_/default_runtime.py',
]

norm_cfg = dict(type='BN')
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.0] * 3,
        std=[128.0] * 3,
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=_base_.crop_size,
    ),
    backbone=dict(
        type='mmdet.TimmFeatures',
        model_name='tf_efficientnet_lite0',
        init_cfg=_base_.lite0.backbone.init_cfg,
    ),
    decode_head=dict(
        type='SegformerHead',
        in_channels=(24, 40, 112, 320),
        in_index=(0, 1, 2, 3),
        channels=64,
        dropout_ratio=0.0,
        num_classes=11,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

max_iters = 800
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-3, weight_decay=0.01),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.2))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=50, by_epoch=False),
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0.0,
        begin=50,
        end=max_iters,
        by_epoch=False,
    ),
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 2)
default_hooks = dict(checkpoint=dict(interval=200))
