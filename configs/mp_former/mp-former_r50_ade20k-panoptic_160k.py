"""MP-Former R50, ADE20K panoptic, 160k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_r50_ade20k-panoptic_160k.py 8

PQ 39.7 in Mask2Former's model zoo, polynomial decay; ours: not trained yet.
"""

_base_ = [
    'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py',
    '../_base_/overlays/mp_former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
sync_bn = 'torch'
data_root = 'data/ADEChallengeData2016/'
image_size = (640, 640)  # height, width
num_things_classes = 100
num_stuff_classes = 50
counts = dict(
    num_things_classes=num_things_classes,
    num_stuff_classes=num_stuff_classes,
)
model = dict(
    data_preprocessor=dict(
        bgr_to_rgb=False,  # LoadPanopticImage reads RGB
        batch_augments=[
            dict(
                type='BatchFixedSizePad',
                size=image_size,
                img_pad_value=0,
                pad_mask=True,
                mask_pad_value=0,
                pad_seg=True,
                seg_pad_value=255,
            )
        ],
    ),
    panoptic_head=dict(
        _base_.mp_former.panoptic_head,
        loss_cls=dict(
            class_weight=[1.0] * (num_things_classes + num_stuff_classes)
            + [0.1]
        ),
        **counts,
    ),
    panoptic_fusion_head=counts,
)
optim_wrapper = _base_.mp_former_optim

train_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(type='LoadPanopticMap'),
    dict(
        type='RandomChoiceResize',
        scales=[640 * i // 10 for i in range(5, 21)],  # shorter side
        resize_type='ResizeShortestEdge',
        max_size=2560,
    ),
    dict(
        type='RandomCrop',
        crop_size=image_size[::-1],  # width, height
        crop_type='absolute',
    ),
    dict(type='SSDColorJitter'),
    dict(type='RandomFlip', prob=0.5),
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
    dict(type='ResizeShortestSide', short_side=640, long_side=2560),
    dict(type='PackPanopticInputs'),
]
train_dataloader = dict(
    _delete_=True,
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='SeededInfiniteSampler'),
    dataset=dict(
        type='PanopticDataset',
        data_root=data_root,
        ann_file='panoptic_train.json',
        data_prefix=dict(img='images/training/', seg='panoptic_train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    _delete_=True,
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PanopticDataset',
        data_root=data_root,
        ann_file='panoptic_val.json',
        data_prefix=dict(img='images/validation/', seg='panoptic_val/'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PanopticQualityMetric'),
    dict(type='InstanceAPMetric'),
]
test_evaluator = val_evaluator

# The step schedule; upstream Mask2Former has polynomial decay here.
max_iters = 160000
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[135000, 150000],
        gamma=0.1,
        by_epoch=False,
    )
]
train_cfg = dict(
    _delete_=True,
    type='IterBasedTrainLoop',
    max_iters=max_iters,
    val_interval=5000,
)
default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(
        _delete_=True,
        type='ResumableCheckpointHook',
        by_epoch=False,
        interval=5000,
        max_keep_ckpts=3,
        save_best='coco_panoptic/PQ',
        rule='greater',
    ),
)
custom_hooks = [
    dict(type='ClassCountCheckHook'),
    dict(type='ResumePositionHook'),
    dict(type='NonFiniteGuardHook', action='stop'),
]
randomness = dict(seed=0)
