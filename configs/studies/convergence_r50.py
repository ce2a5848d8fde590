"""convergence.py with ResNet-50, its decoders as narrow as there.

    python tools/experiments/run.py configs/studies/convergence_r50.py \
        --data-root data/vivid
"""

_base_ = 'convergence.py'

title = 'Convergence, ResNet-50, 900 steps'
_kmax = '_base_/kmax_r50_shapes.py'
_mask = 'model.panoptic_head.mask_loss.loss_mask.'
arms = dict(
    kmax=dict(title='kMaX (softmax)', config=_kmax),
    kmax_sigmoid=dict(
        title='kMaX, sigmoid mask-id loss',
        config=_kmax,
        options={_mask + 'activation': 'sigmoid', _mask + 'loss_weight': 0.05},
    ),
    remax=dict(title='ReMaX', config='_base_/remax_r50_shapes.py'),
)
