"""Mask2Former Swin-T with ReMaX's relaxations, COCO panoptic, 50 epochs.

    tools/dist_train.sh \
        configs/mask2former/mask2former-remax_swin-t_coco-panoptic.py 8

PQ of mmdet's baseline: 53.4 (its model zoo); ours: not trained yet.
"""

_base_ = [
    'mmdet::mask2former/'
    'mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco-panoptic.py',
    '../_base_/overlays/remax_mask2former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
model = _base_.remax_mask2former
sync_bn = 'torch'  # of the semantic head
