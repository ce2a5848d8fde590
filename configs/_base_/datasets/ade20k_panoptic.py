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

train_pipeline = _base_.train_pipeline
train_pipeline[2].update(crop_size=image_size, scale_range=(0.5, 2.0))
train_pipeline[5]['pipeline'][2].update(scale_range=(0.25, 1.0))  # half of it
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(short_side=min(image_size), long_side=max(image_size))

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
