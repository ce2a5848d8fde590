"""OCRNet HRNet-W48, Cityscapes at half resolution, hard labels (nearest).

    tools/dist_train.sh \
        configs/soft_label/ocrnet_hr48_cityscapes-half_hard.py 4

The baseline of the _bilinear and _area files; mIoU at 1024 x 2048. Not
trained yet.
"""

_base_ = [
    'mmseg::ocrnet/ocrnet_hr48_4xb2-80k_cityscapes-512x1024.py',
    '../_base_/mmseg_runtime.py',
    '../_base_/overlays/cityscapes_half.py',
]

model = dict(
    data_preprocessor=dict(size=_base_.reduced_crop),
)
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
auto_scale_lr = dict(enable=False, base_batch_size=8)
