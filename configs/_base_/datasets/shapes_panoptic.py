"""The benchmark `shapes` of `make_shapes.py`, small enough for a CPU.

Its images are 129 x 129: a test image is not scaled.
"""

_base_ = ['./coco_panoptic.py']

data_root = 'data/shapes/'
image_size = (129, 129)  # the model's crop_size; height, width

train_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(type='LoadPanopticMap'),
    dict(type='RandomScaleCrop', crop_size=image_size, scale_range=(0.8, 1.4)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SSDColorJitter'),
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
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/panoptic_train.json',
        data_prefix=dict(img='train/', seg='annotations/panoptic_train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/panoptic_val.json',
        data_prefix=dict(img='val/', seg='annotations/panoptic_val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

instance_evaluator = dict(ann_file=None)  # the panoptic PNGs
