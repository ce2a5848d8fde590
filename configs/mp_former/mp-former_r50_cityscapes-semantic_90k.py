"""MP-Former R50, Cityscapes semantic, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_r50_cityscapes-semantic_90k.py 8

Paper: 1.6 mIoU above Mask2Former (79.4). Ours: not trained yet.
"""

_base_ = [
    './mask2former_r50_cityscapes-semantic_90k.py',
    '../_base_/overlays/mp_former.py',
]

model = _base_.mp_former_semantic
optim_wrapper = _base_.mp_former_optim
