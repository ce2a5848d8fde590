"""Nuclei of the 2018 Data Science Bowl (BBBC038, CC0): one thing, one stuff.

    python tools/dataset_converters/nuclei.py data/stage1_train

makes panoptic_{train,val}.json and panoptic_{train,val}/ in `data_root`,
beside the folder of each picture.
"""

_base_ = ['./coco_panoptic.py']

data_root = 'data/stage1_train/'
image_size = (193, 193)  # the model's crop_size; height, width

train_pipeline = [
    step
    for step in _base_.train_pipeline
    if step['type'] != 'PanopticCopyPaste'
]
train_pipeline[2].update(crop_size=image_size, scale_range=(1.0, 2.0))
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(short_side=225, long_side=337)

train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    pin_memory=False,
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_train.json',
        data_prefix=dict(img='', seg='panoptic_train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_val.json',
        data_prefix=dict(img='', seg='panoptic_val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

instance_evaluator = dict(ann_file=None)  # the panoptic PNGs
