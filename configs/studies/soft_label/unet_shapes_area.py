"""The same U-Net on soft labels of the area kernel.

    python tools/train.py configs/studies/soft_label/unet_shapes_area.py \
        --data-root work_dirs/shapes_512

Its baseline is unet_shapes_hard.py. mIoU and time: ../README.md.
"""

_base_ = ['./unet_shapes_hard.py', '../../_base_/overlays/soft_label.py']

model = dict(
    decode_head=dict(type='SoftFCNHead', loss_decode=_base_.soft_loss),
)
soft_steps = _base_.soft_area
soft_steps.Resize.update(num_classes=5, interpolation='area')
train_pipeline = [
    dict(step, **soft_steps.get(step['type'], {}))
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
