"""MP-Former R50, Cityscapes instance, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_r50_cityscapes-instance_90k.py 8

Paper: 2.3 AP above Mask2Former (37.4). Ours: not trained yet.
"""

_base_ = [
    './mask2former_r50_cityscapes-instance_90k.py',
    '../_base_/overlays/mp_former.py',
]

model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
