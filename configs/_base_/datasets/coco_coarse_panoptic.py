"""COCO panoptic with its 27 supercategories, 12 of them things; small.

    for split in train val; do
        python tools/dataset_converters/merge_categories.py \
            data/coco/annotations/panoptic_${split}2017.json \
            data/coco/annotations/panoptic_coarse_${split}2017.json
    done

A few hundred images are enough to see something.
"""

_base_ = ['./coco_panoptic.py']

image_size = (193, 193)  # the model's crop_size; height, width

train_pipeline = [
    step
    for step in _base_.train_pipeline
    if step['type'] != 'PanopticCopyPaste'
]
train_pipeline[2].update(crop_size=image_size, scale_range=(0.8, 1.8))
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(short_side=257, long_side=257)

train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    pin_memory=False,
    dataset=dict(
        ann_file='annotations/panoptic_coarse_train2017.json',
        data_prefix=dict(seg='annotations/panoptic_coarse_train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        ann_file='annotations/panoptic_coarse_val2017.json',
        data_prefix=dict(seg='annotations/panoptic_coarse_val2017/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

instance_evaluator = dict(ann_file=None)  # the panoptic PNGs
