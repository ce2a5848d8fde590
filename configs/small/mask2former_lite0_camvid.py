"""A small Mask2Former, EfficientNet-Lite0, on CamVid at half, for a CPU.

    python tools/train.py configs/small/mask2former_lite0_camvid.py

mmseg's own head, semantic segmentation. The baseline of
mp-former_lite0_camvid.py. 0.6 s of one core a step. mIoU: README.md.
"""

_base_ = [
    '../_base_/models/mask2former_small.py',
    '../_base_/backbones/efficientnet_lite0.py',
    '../_base_/datasets/camvid_semantic.py',
    '../_base_/schedules/mmseg_iterations.py',
    '../_base_/mmseg_runtime.py',
    'mmseg::_base_/default_runtime.py',
]

model = dict(
    _delete_=True,
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
        _base_.model.panoptic_head,
        _scope_='mmdet',  # of the parts
        type='mmseg.Mask2FormerHead',
        in_channels=[24, 40, 112, 320],
        num_classes=11,
        loss_cls=dict(
            _base_.model.panoptic_head.loss_cls,
            class_weight=[1.0] * 11 + [0.1],
        ),
        transformer_decoder=dict(
            _base_.model.panoptic_head.transformer_decoder, num_layers=3
        ),
        train_cfg=_base_.model.train_cfg,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)

max_iters = 800
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=50, by_epoch=False),
    dict(
        type='MultiStepLR',
        milestones=[max_iters * 85 // 100, max_iters * 95 // 100],
        gamma=0.1,
        by_epoch=False,
    ),
]
custom_hooks = [*_base_.custom_hooks, dict(type='mmdet.ChannelsLastHook')]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 2)
default_hooks = dict(checkpoint=dict(interval=200, max_keep_ckpts=1))
