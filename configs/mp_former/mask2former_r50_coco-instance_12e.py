"""Mask2Former R50, COCO instance, 12 epochs.

    tools/dist_train.sh \
        configs/mp_former/mask2former_r50_coco-instance_12e.py 8

Ours: not trained yet.
"""

_base_ = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco.py'

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
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
