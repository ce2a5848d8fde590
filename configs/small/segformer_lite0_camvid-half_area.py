"""The same network on soft labels of the area kernel.

    python tools/train.py configs/small/segformer_lite0_camvid-half_area.py

Its baseline is segformer_lite0_camvid-half_hard.py. mIoU: README.md.
"""

_base_ = [
    './segformer_lite0_camvid-half_hard.py',
    '../_base_/overlays/soft_label.py',
]

model = dict(
    decode_head=dict(type='SoftSegformerHead', loss_decode=_base_.soft_loss),
)
soft_steps = _base_.soft_area
soft_steps.RandomResize.update(num_classes=11)
train_pipeline = [
    dict(step, **soft_steps.get(step['type'], {}))
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
