"""The small Mask2Former on nuclei with mask-piloted training.

    python tools/train.py configs/small/mp-former_lite0_nuclei.py

Its baseline is mask2former_lite0_nuclei.py. 0.9 s of one core a step.
AP: README.md.
"""

_base_ = [
    './mask2former_lite0_nuclei.py',
    '../_base_/overlays/mp_former.py',
]

model = _base_.mp_former
optim_wrapper = _base_.mp_former_optim
