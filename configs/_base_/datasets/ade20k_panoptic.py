"""ADE20K panoptic: 150 classes, 100 of them things.

    python tools/dataset_converters/ade20k.py data/ADEChallengeData2016

makes panoptic_{train,val}.json and panoptic_{train,val}/ in `data_root`,
beside images/ and annotations/. Labels are things first, each part in the
order of the 150 classes. The mIoU counts the semantic maps of the
benchmark, which also label things that have no instance.

AP and mIoU beside PQ: see coco_panoptic.py.
"""

_base_ = ['./coco_panoptic.py']

data_root = 'data/ADEChallengeData2016/'
image_size = (1281, 1281)  # the model's crop_size; height, width

train_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(type='LoadPanopticMap'),
    dict(type='RandomScaleCrop', crop_size=image_size, scale_range=(0.5, 2.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SSDColorJitter'),
    dict(
        type='PanopticCopyPaste',
        pipeline=[
            dict(type='LoadPanopticImage'),
            dict(type='LoadPanopticMap'),
            dict(type='RandomScaleCrop', scale_range=(0.25, 1.0)),
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
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_train.json',
        data_prefix=dict(img='images/training/', seg='panoptic_train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_val.json',
        data_prefix=dict(img='images/validation/', seg='panoptic_val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

instance_evaluator = dict(ann_file=None)  # the panoptic PNGs
semantic_evaluator = dict(label_dir=data_root + 'annotations/validation')
