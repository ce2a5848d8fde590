"""Mask2Former R50, Cityscapes semantic, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mask2former_r50_cityscapes-semantic_90k.py 8

mIoU 79.4 in its model zoo, polynomial decay; ours: not trained yet.
"""

_base_ = 'mmseg::mask2former/mask2former_r50_8xb2-90k_cityscapes-512x1024.py'

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
# Steps in place of mmseg's polynomial decay.
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[80000, 85000],
        gamma=0.1,
        by_epoch=False,
    )
]
