"""Mask2Former R50, ADE20K semantic, 160k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mask2former_r50_ade20k-semantic_160k.py 8

mIoU 47.2 in its model zoo, polynomial decay; ours: not trained yet.
"""

_base_ = 'mmseg::mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py'

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
# Steps in place of mmseg's polynomial decay.
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[135000, 150000],
        gamma=0.1,
        by_epoch=False,
    )
]
