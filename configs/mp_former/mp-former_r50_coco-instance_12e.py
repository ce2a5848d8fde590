"""MP-Former R50, COCO instance, 12 epochs.

    tools/dist_train.sh configs/mp_former/mp-former_r50_coco-instance_12e.py 8

AP 40.15 in the README of the released code; ours: not trained yet.
"""

_base_ = [
    './mask2former_r50_coco-instance_12e.py',
    '../_base_/overlays/mp_former.py',
]

model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
