"""Softmax or sigmoid, clipping or none, kMaX or ReMaX, at two rates.

    python tools/experiments/run.py configs/studies/activation_clipping.py \
        --data-root data/vivid

`softmax` and `sigmoid` are of the mask-id loss; in ReMaX Eq. 1 has the same
one. The paper does not give its clipping norm; 0.1 is what DETR and its
successors use. 10x is the rate of the other studies.
"""

title = 'Activation, clipping and learning rate'
claim = (
    'ReMaX with sigmoid masks trains stably at the high learning rate '
    'without gradient clipping, and clipping costs it accuracy.'
)
paper = 'Table 2'
baseline = 'kmax_softmax_free_10x'
seeds = 3
_rates = {'10x': 6e-3, '1x': 6e-4}
_clips = {'free': {}, 'clip': {'optim_wrapper.clip_grad': dict(max_norm=0.1)}}
_weights = {'softmax': 0.3, 'sigmoid': 0.05}
_head = 'model.panoptic_head.'


def _options(method, activation, clip, rate):
    options = {
        _head + 'mask_loss.loss_mask.activation': activation,
        _head + 'mask_loss.loss_mask.loss_weight': _weights[activation],
        'optim_wrapper.optimizer.lr': _rates[rate],
        **_clips[clip],
    }
    if (method, activation) == ('remax', 'softmax'):
        options[_head + 'mask_loss.activation'] = activation
    return options


arms = {
    f'{method}_{activation}_{clip}_{rate}': dict(
        title=f'{name}, {activation}, {clip}, lr {rate}',
        config=f'_base_/{method}_mnv3-s_shapes.py',
        options=_options(method, activation, clip, rate),
    )
    for rate in _rates
    for clip in _clips
    for activation in _weights
    for method, name in (('kmax', 'kMaX'), ('remax', 'ReMaX'))
}
