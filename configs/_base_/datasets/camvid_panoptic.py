"""CamVid, 360 x 480: 11 classes, each one a stuff segment of an image.

    python tools/dataset_converters/camvid.py data/CamVid

makes panoptic_{train,val,test}.json and their PNGs in `data_root`, the folder
CamVid of the SegNet tutorial. At half of the size here.
"""

_base_ = ['./coco_panoptic.py']

data_root = 'data/CamVid/'
image_size = (193, 257)  # the model's crop_size; height, width

train_pipeline = [
    step
    for step in _base_.train_pipeline
    if step['type'] != 'PanopticCopyPaste'
]
train_pipeline[2].update(crop_size=image_size, scale_range=(0.8, 1.6))
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(short_side=193, long_side=257)

train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    pin_memory=False,
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_train.json',
        data_prefix=dict(img='train/', seg='panoptic_train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='panoptic_val.json',
        data_prefix=dict(img='val/', seg='panoptic_val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
