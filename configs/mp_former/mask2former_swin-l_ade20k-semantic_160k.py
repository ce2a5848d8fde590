"""Mask2Former Swin-L, ADE20K semantic, 160k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mask2former_swin-l_ade20k-semantic_160k.py 8

Ours: not trained yet.
"""

_base_ = (
    'mmseg::mask2former/'
    'mask2former_swin-l-in22k-384x384-pre_8xb2-160k_ade20k-640x640.py'
)

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
