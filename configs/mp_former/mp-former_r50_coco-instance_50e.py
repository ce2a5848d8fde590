"""MP-Former R50, COCO instance, 50 epochs.

    tools/dist_train.sh configs/mp_former/mp-former_r50_coco-instance_50e.py 8

Ours: not trained yet.
"""

_base_ = [
    'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
    '../_base_/overlays/mp_former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
