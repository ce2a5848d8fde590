"""The small ReMaX on nuclei, 3200 iterations.

    python tools/train.py configs/small/remax_lite0_nuclei_long.py

Masks are kMaX's softmax, which learns faster than the sigmoid in short
trainings (docs/studies.md). PQ of nuclei 46.3, 82 minutes on one core.
"""

_base_ = ['./remax_lite0_nuclei.py']

model = dict(
    panoptic_head=dict(
        mask_loss=dict(
            loss_mask=dict(activation='softmax', start_as_softmax=False)
        ),
    ),
)

max_iters = 3200
optim_wrapper = dict(optimizer=dict(lr=1e-2))
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=100, power=0.9)
]
train_cfg = dict(max_iters=max_iters, val_interval=400)
default_hooks = dict(checkpoint=dict(interval=200))
