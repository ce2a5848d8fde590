"""A moving average of the weights: it is evaluated and published.

    custom_hooks = [*_base_.custom_hooks, _base_.ema]

The window grows with the run, to a tenth of the steps so far, so that a
recipe of any length takes it (Karras et al. 2024, arXiv 2312.02696, use a
power function likewise). Running statistics of norms are averaged as the
weights are: those of the last step belong to other weights.
"""

ema = dict(
    type='EMAHook',
    ema_type='MomentumAnnealingEMA',
    gamma=10,  # step t counts gamma / (gamma + t)
    momentum=1e-6,  # at least; never reached
    update_buffers=True,
)
