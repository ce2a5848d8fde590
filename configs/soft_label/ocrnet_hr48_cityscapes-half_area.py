"""OCRNet HRNet-W48, Cityscapes at half resolution, soft labels, area.

    tools/dist_train.sh \
        configs/soft_label/ocrnet_hr48_cityscapes-half_area.py 4

Its baseline is ocrnet_hr48_cityscapes-half_hard.py. Not trained yet.
"""

_base_ = [
    './ocrnet_hr48_cityscapes-half_hard.py',
    '../_base_/overlays/soft_label.py',
]

model = dict(
    decode_head=[
        dict(
            _base_.model.decode_head[0],
            type='SoftFCNHead',
            loss_decode=_base_.soft_aux_list_loss,
        ),
        dict(
            _base_.model.decode_head[1],
            type='SoftOCRHead',
            loss_decode=_base_.soft_list_loss,
        ),
    ],
)
train_pipeline = [
    dict(step, **_base_.soft_area.get(step['type'], {}))
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_pipeline = [
    dict(step, interpolation='area') if step['type'] == 'Resize' else step
    for step in _base_.test_pipeline
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
