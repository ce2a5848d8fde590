"""The quickstart's kMaX-DeepLab, its backbone pretrained; 600 steps.

As in the paper, the backbone knows something before the training starts and
learns at a tenth of the rate. Its weights: ../pretraining/README.md.
"""

_base_ = ['../../quickstart/kmax_mnv3-s_shapes.py']

model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmremax',  # refuses a file that does not fit
            checkpoint='work_dirs/semantic_mnv3-s_shapes/iter_900.pth',
            prefix='backbone.',
        ),
    ),
)

max_iters = 600
optim_wrapper = dict(paramwise_cfg=dict(lr_mult=dict(backbone=0.1)))
param_scheduler = _base_.param_scheduler
param_scheduler[1].milestones = [max_iters * 85 // 100, max_iters * 95 // 100]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 4)
