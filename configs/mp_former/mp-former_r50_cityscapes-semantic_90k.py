"""MP-Former R50, Cityscapes semantic, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_r50_cityscapes-semantic_90k.py 8

Paper: 1.6 mIoU above Mask2Former (79.4). Ours: not trained yet.
"""

_base_ = [
    'mmseg::mask2former/mask2former_r50_8xb2-90k_cityscapes-512x1024.py',
    '../_base_/overlays/mp_former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
model = _base_.mp_former_semantic
optim_wrapper = _base_.mp_former_optim
# Steps in place of mmseg's polynomial decay.
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[80000, 85000],
        gamma=0.1,
        by_epoch=False,
    )
]
