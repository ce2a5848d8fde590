"""How a short run scores with slow and with fast BatchNorm statistics.

    python tools/experiments/run.py configs/studies/norm_momentum.py \
        --data-root data/vivid --seeds 1

Both arms train alike, to the last bit; what differs is the network that is
evaluated. 0.01 is the published momentum, for 50,000 steps and more.
"""

title = 'Momentum of the BatchNorm statistics'
claim = 'None: the published code trains long enough for 0.01.'
paper = 'none'
baseline = 'momentum_001'
seeds = 1
arms = {
    f'momentum_{round(100 * _momentum):03}': dict(
        title=f'kMaX, momentum {_momentum:g}',
        config='_base_/kmax_mnv3-s_shapes.py',
        options={'custom_hooks.6.momentum': _momentum},
    )
    for _momentum in (0.01, 0.1)
}
