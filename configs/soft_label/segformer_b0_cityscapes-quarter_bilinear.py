"""SegFormer-B0, Cityscapes at quarter resolution, soft labels, bilinear.

    tools/dist_train.sh \
        configs/soft_label/segformer_b0_cityscapes-quarter_bilinear.py 8

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
    dict(step, **_base_.soft_bilinear.get(step['type'], {}))
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
