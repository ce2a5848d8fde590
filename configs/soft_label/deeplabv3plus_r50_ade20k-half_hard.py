"""DeepLabV3+ R50, ADE20K at half resolution, hard labels (nearest).

    tools/dist_train.sh \
        configs/soft_label/deeplabv3plus_r50_ade20k-half_hard.py 4

The baseline of the _bilinear and _area files; mIoU at the size of the images.
Not trained yet.
"""

_base_ = [
    'mmseg::deeplabv3plus/deeplabv3plus_r50-d8_4xb4-80k_ade20k-512x512.py',
    '../_base_/mmseg_runtime.py',
    '../_base_/overlays/ade20k_half.py',
]

model = dict(data_preprocessor=dict(size=_base_.reduced_crop))
train_pipeline = [
    dict(step, **_base_.reduced_train.get(step['type'], {}))
    for step in _base_.train_pipeline
]
test_pipeline = [
    dict(step, **_base_.reduced_test.get(step['type'], {}))
    for step in _base_.test_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
auto_scale_lr = dict(enable=False, base_batch_size=16)
