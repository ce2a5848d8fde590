"""Mask2Former Swin-L, Cityscapes panoptic, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mask2former_swin-l_cityscapes-panoptic_90k.py 8

Ours: not trained yet.
"""

_base_ = [
    './mask2former_r50_cityscapes-panoptic_90k.py',
    '../_base_/backbones/swin-l.py',
]

model = _base_.swin_l
optim_wrapper = _base_.swin_l_optim
