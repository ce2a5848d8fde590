"""The small Mask2Former with mask-piloted training.

    python tools/train.py configs/studies/mask2former/mp-former_shapes.py \
        --data-root data/shapes_salient

Its baseline is mask2former_shapes.py. PQ and time: ../README.md.
"""

_base_ = [
    './mask2former_shapes.py',
    '../../_base_/overlays/mp_former.py',
]

model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
