"""MP-Former Swin-L, ADE20K instance, 160k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_swin-l_ade20k-instance_160k.py 8

Ours: not trained yet.
"""

_base_ = [
    './mask2former_swin-l_ade20k-instance_160k.py',
    '../_base_/overlays/mp_former.py',
]

model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
