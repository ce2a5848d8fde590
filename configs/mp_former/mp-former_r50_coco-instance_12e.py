"""MP-Former R50, COCO instance, 12 epochs.

    tools/dist_train.sh configs/mp_former/mp-former_r50_coco-instance_12e.py 8

AP 40.15 in the README of the released code; ours: not trained yet.
"""

_base_ = [
    'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
    '../_base_/overlays/mp_former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
max_iters = 88500
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[73750, 81125],
        gamma=0.1,
        by_epoch=False,
    )
]
train_cfg = dict(
    max_iters=max_iters,
    dynamic_intervals=[(max_iters // 5000 * 5000 + 1, max_iters)],
)
