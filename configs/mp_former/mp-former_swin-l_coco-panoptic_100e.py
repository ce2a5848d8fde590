"""MP-Former Swin-L, COCO panoptic, 100 epochs.

    tools/dist_train.sh \
        configs/mp_former/mp-former_swin-l_coco-panoptic_100e.py 8

Ours: not trained yet.
"""

_base_ = [
    'mmdet::mask2former/'
    'mask2former_swin-l-p4-w12-384-in21k_16xb1-lsj-100e_coco-panoptic.py',
    '../_base_/overlays/mp_former.py',
]

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
