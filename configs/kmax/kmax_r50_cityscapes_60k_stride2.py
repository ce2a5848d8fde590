"""kMaX-DeepLab, R50, Cityscapes panoptic: masks at stride 2, ReMaX's recipe.

    tools/dist_train.sh configs/kmax/kmax_r50_cityscapes_60k_stride2.py 8

As kmax_r50_cityscapes_60k.py, but in deeplab2's layout: the stem comes last,
before its max-pool, and the masks and labels have stride 2. PQ: not trained
yet.
"""

_base_ = ['./kmax_r50_cityscapes_60k.py']

mask_stride = 2
model = dict(
    backbone=dict(mask_stride=mask_stride),
    panoptic_head=dict(
        pixel_decoder=dict(in_channels=(64, 256, 512, 1024, 2048))
    ),
)

train_pipeline = [
    dict(step, label_stride=mask_stride)
    if step['type'] in ('FilterUnlabeledCrops', 'PackPanopticInputs')
    else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
