"""COCO panoptic 2017, augmented as the published kMaX-DeepLab.

Layout below `data_root`: train2017/, val2017/, annotations/ with
panoptic_{train,val}2017.json and the unpacked panoptic_{train,val}2017/.

The image that is pasted has its own pipeline, at half the scale; its crop is
that of the main image. So the crop changes in one place (a config list
cannot be merged):

    train_pipeline = [
        dict(step, crop_size=(641, 641))
        if step['type'] == 'RandomScaleCrop'
        else step
        for step in _base_.train_pipeline
    ]
    train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

A recipe with other scales or colours changes the steps of `_base_`, as
kmax_r50_coco_50k.py does.
"""

data_root = 'data/coco/'
image_size = (1281, 1281)  # the model's crop_size; height, width

train_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(type='LoadPanopticMap'),
    dict(type='RandomScaleCrop', crop_size=image_size, scale_range=(0.2, 2.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SSDColorJitter'),
    dict(
        type='PanopticCopyPaste',
        pipeline=[
            dict(type='LoadPanopticImage'),
            dict(type='LoadPanopticMap'),
            dict(type='RandomScaleCrop', scale_range=(0.1, 1.0)),
            dict(type='RandomFlip', prob=0.5),
            dict(type='SSDColorJitter'),
        ],
    ),
    dict(type='FilterUnlabeledCrops'),
    dict(type='PackPanopticInputs'),
]
test_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(
        type='ResizeShortestSide',
        short_side=min(image_size),
        long_side=max(image_size),
    ),
    dict(type='PackPanopticInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='SeededInfiniteSampler'),
    dataset=dict(
        type='PanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_train2017.json',
        data_prefix=dict(
            img='train2017/', seg='annotations/panoptic_train2017/'
        ),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img='val2017/', seg='annotations/panoptic_val2017/'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='PanopticQualityMetric')
test_evaluator = val_evaluator
# COCO's AP is that of its instance annotations, which may overlap.
instance_evaluator = dict(
    type='InstanceAPMetric',
    ann_file=data_root + 'annotations/instances_val2017.json',
)
semantic_evaluator = dict(type='MeanIoUMetric')
