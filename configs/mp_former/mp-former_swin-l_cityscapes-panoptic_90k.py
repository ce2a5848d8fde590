"""MP-Former Swin-L, Cityscapes panoptic, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_swin-l_cityscapes-panoptic_90k.py 8

Ours: not trained yet.
"""

_base_ = [
    './mask2former_swin-l_cityscapes-panoptic_90k.py',
    '../_base_/overlays/mp_former.py',
]

model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
