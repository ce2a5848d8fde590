"""The small Mask2Former on CamVid with mask-piloted training.

    python tools/train.py configs/small/mp-former_lite0_camvid.py

Its baseline is mask2former_lite0_camvid.py. 0.7 s of one core a step.
mIoU: README.md.
"""

_base_ = [
    './mask2former_lite0_camvid.py',
    '../_base_/overlays/mp_former.py',
]

model = _base_.mp_former_semantic
optim_wrapper = _base_.mp_former_optim
