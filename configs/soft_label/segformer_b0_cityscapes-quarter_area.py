"""SegFormer-B0, Cityscapes at quarter resolution, soft labels, area.

    tools/dist_train.sh \
        configs/soft_label/segformer_b0_cityscapes-quarter_area.py 8

Its baseline is segformer_b0_cityscapes-quarter_hard.py. Not trained yet.
"""

_base_ = [
    './segformer_b0_cityscapes-quarter_hard.py',
    '../_base_/overlays/soft_label.py',
]

model = dict(
    decode_head=dict(type='SoftSegformerHead', loss_decode=_base_.soft_loss),
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
