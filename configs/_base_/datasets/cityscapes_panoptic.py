"""Cityscapes panoptic: 19 classes, 8 of them things; 1024 x 2048.

    python tools/dataset_converters/cityscapes.py data/cityscapes

makes panoptic_{train,val}.json and panoptic_{train,val}/ in `data_root`,
beside leftImg8bit/ and gtFine/. Labels are things first: 0-7 are the train
ids 11-18, 8-18 the train ids 0-10.

AP and mIoU beside PQ: see coco_panoptic.py. The AP is that of
cityscapesscripts.
"""

_base_ = ['./coco_panoptic.py']

data_root = 'data/cityscapes/'
image_size = (1025, 2049)  # the model's crop_size; height, width

train_pipeline = _base_.train_pipeline
train_pipeline[2].update(crop_size=image_size, scale_range=(0.5, 2.0))
train_pipeline[5]['pipeline'][2].update(scale_range=(0.25, 1.0))  # half of it
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(short_side=min(image_size), long_side=max(image_size))

train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_train.json',
        data_prefix=dict(img='leftImg8bit/train/', seg='panoptic_train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_val.json',
        data_prefix=dict(img='leftImg8bit/val/', seg='panoptic_val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

instance_evaluator = dict(_delete_=True, type='CityscapesAPMetric')
