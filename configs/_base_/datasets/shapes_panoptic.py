"""The benchmark `shapes` of `make_shapes.py`, small enough for a CPU.

Its images are 129 x 129: a test image is not scaled.
"""

_base_ = ['./coco_panoptic.py']

data_root = 'data/shapes/'
image_size = (129, 129)  # the model's crop_size; height, width

train_pipeline = [
    step
    for step in _base_.train_pipeline
    if step['type'] != 'PanopticCopyPaste'
]
train_pipeline[2].update(crop_size=image_size, scale_range=(0.8, 1.4))
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(short_side=min(image_size), long_side=max(image_size))

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
