"""MP-Former R50, ADE20K semantic, 160k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_r50_ade20k-semantic_160k.py 8

mIoU 47.2 in Mask2Former's model zoo, polynomial decay; ours: not trained yet.
"""

_base_ = [
    'mmseg::mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py',
    '../_base_/overlays/mp_former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
model = _base_.mp_former_semantic
optim_wrapper = _base_.mp_former_optim
# Steps in place of mmseg's polynomial decay.
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[135000, 150000],
        gamma=0.1,
        by_epoch=False,
    )
]
