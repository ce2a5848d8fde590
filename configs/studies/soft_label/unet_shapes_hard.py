"""A small U-Net at a quarter of the resolution, hard labels (nearest).

    python tools/train.py configs/studies/soft_label/unet_shapes_hard.py \
        --data-root work_dirs/shapes_512

Images are reduced with the area kernel in both files of this folder;
only the labels differ. Data, mIoU and time: ../README.md.
"""

_base_ = [
    '../../_base_/datasets/shapes_semantic_quarter.py',
    '../../_base_/schedules/mmseg_iterations.py',
    '../../_base_/mmseg_runtime.py',
    'mmseg::_base_/default_runtime.py',
]

norm_cfg = dict(type='BN')
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        bgr_to_rgb=True,
        size=(128, 128),
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type='UNet',
        base_channels=12,
        num_stages=4,
        strides=(1, 1, 1, 1),
        enc_num_convs=(2, 2, 2, 2),
        dec_num_convs=(2, 2, 2),
        downsamples=(True, True, True),
        enc_dilations=(1, 1, 1, 1),
        dec_dilations=(1, 1, 1),
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        type='FCNHead',
        in_channels=12,
        in_index=3,
        channels=12,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=5,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

max_iters = 450
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
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters))
