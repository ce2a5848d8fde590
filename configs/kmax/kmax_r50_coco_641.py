"""kMaX-DeepLab, R50, COCO panoptic at 641 with one layer a resolution: 50k.

    tools/dist_train.sh configs/kmax/kmax_r50_coco_641.py 8

The baseline of remax-m_r50_coco.py, which differs in the overlay alone; the
recipe is that of kmax_r50_coco_50k.py. PQ: not trained yet.
"""

_base_ = ['./kmax_r50_coco_50k.py']

image_size = (641, 641)  # height, width
model = dict(
    data_preprocessor=dict(crop_size=image_size),
    panoptic_head=dict(transformer_decoder=dict(num_layers=(1, 1, 1))),
)

train_pipeline = [
    dict(step, crop_size=image_size)
    if step['type'] == 'RandomScaleCrop'
    else step
    for step in _base_.train_pipeline
]
test_pipeline = [
    dict(step, short_side=min(image_size), long_side=max(image_size))
    if step['type'] == 'ResizeShortestSide'
    else step
    for step in _base_.test_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
