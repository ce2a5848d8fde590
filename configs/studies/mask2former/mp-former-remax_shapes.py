"""The small Mask2Former with mask-piloted training and ReMaX.

    python tools/train.py \
        configs/studies/mask2former/mp-former-remax_shapes.py \
        --data-root data/shapes_salient

Its baseline is mask2former_shapes.py. PQ and time: ../README.md.
"""

_base_ = [
    './mask2former-remax_shapes.py',
    '../../_base_/overlays/mp_former.py',
]

model = dict(
    panoptic_head=dict(type='MPFormerReMaXHead', mp_cfg=_base_.mp_cfg)
)
optim_wrapper = _base_.mp_former_optim
