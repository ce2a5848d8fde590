"""kMaX-DeepLab, R50, ADE20K panoptic at 641, under ReMaX's recipe: 100k.

    tools/dist_train.sh configs/kmax/kmax_r50_ade20k_100k_641.py 8

The baseline of remax_r50_ade20k_641.py, which differs in the overlay alone.
PQ: not trained yet; 41.5 in the TensorFlow code's README under its recipe.
"""

_base_ = ['./kmax_r50_ade20k_100k.py']

image_size = (641, 641)  # height, width
model = dict(
    data_preprocessor=dict(crop_size=image_size),
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
