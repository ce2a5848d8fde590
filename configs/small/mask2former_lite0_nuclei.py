"""A small Mask2Former, EfficientNet-Lite0, on nuclei (BBBC038), for a CPU.

    python tools/train.py configs/small/mask2former_lite0_nuclei.py

mmdet's own head, instance segmentation: the background is no class. The
baseline of mp-former_lite0_nuclei.py. 0.7 s of one core a step. AP: README.md.
"""

_base_ = [
    '../_base_/models/mask2former_small.py',
    '../_base_/backbones/efficientnet_lite0.py',
    '../_base_/datasets/nuclei_panoptic.py',
    '../_base_/default_runtime.py',
]

crop_size = (192, 192)
counts = dict(num_things_classes=1, num_stuff_classes=0)
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
        **_base_.lite0.data_preprocessor,
    ),
    backbone=dict(
        type='TimmFeatures',
        model_name='tf_efficientnet_lite0',
        init_cfg=_base_.lite0.backbone.init_cfg,
    ),
    panoptic_head=dict(
        in_channels=[24, 40, 112, 320],
        num_queries=100,
        transformer_decoder=dict(num_layers=3),
        loss_cls=dict(class_weight=[1.0, 0.1]),
        **counts,
    ),
    panoptic_fusion_head=counts,
    test_cfg=dict(panoptic_on=False, instance_on=True),
)

train_pipeline = [
    *_base_.train_pipeline[:-1],
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
train_pipeline[2].update(crop_size=crop_size)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))

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
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters // 2
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = _base_.instance_evaluator
test_evaluator = val_evaluator
custom_hooks = [
    *(
        hook
        for hook in _base_.custom_hooks
        # The model has fewer classes than the data.
        if hook['type'] != 'ClassCountCheckHook'
    ),
    dict(type='RichProgressHook', score='AP'),
]
default_hooks = dict(
    checkpoint=dict(interval=200, max_keep_ckpts=1, save_best='instance/AP')
)
auto_scale_lr = dict(base_batch_size=4)
