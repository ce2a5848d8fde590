"""MP-Former and ReMaX's relaxations, R50, COCO panoptic, 50 epochs.

    tools/dist_train.sh \
        configs/mp_former/mp-former-remax_r50_coco-panoptic.py 8

Ours: not trained yet.
"""

_base_ = [
    'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py',
    '../_base_/overlays/remax_mask2former.py',
    '../_base_/overlays/mp_former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
model = _base_.remax_mask2former
model.panoptic_head.update(type='MPFormerReMaXHead', mp_cfg=_base_.mp_cfg)
optim_wrapper = _base_.mp_former_optim
sync_bn = 'torch'  # of the semantic head; the backbone's norms are frozen
