"""Softmax or sigmoid, clipping or none, ReMaX or none, at two rates.

    python tools/experiments/run.py configs/studies/activation_clipping.py \
        --data-root data/vivid

`softmax` and `sigmoid` are of the mask-id loss; in ReMaX Eq. 1 has the same
one. The paper does not give its clipping norm; 0.1 is what DETR and its
successors use. The base rate is a tenth of the quickstart's.
"""

title = 'Activation, clipping and learning rate'
claim = (
    'ReMaX with sigmoid masks trains stably at the high learning rate '
    'without gradient clipping, and clipping costs it accuracy.'
)
paper = 'Table 2'
baseline = 'kmax_softmax_free_10x'
seeds = 3
_rates = {'1x': 6e-4, '10x': 6e-3}
_clips = {'free': None, 'clip': dict(max_norm=0.1)}
_head = 'model.panoptic_head.'


def _options(method, activation, clip, rate):
    options = {
        _head + 'mask_loss.loss_mask.activation': activation,
        'optim_wrapper.clip_grad': _clips[clip],
        'optim_wrapper.optimizer.lr': _rates[rate],
    }
    if method == 'remax':
        options[_head + 'mask_loss.activation'] = activation
    return options


arms = {
    f'{method}_{activation}_{clip}_{rate}': dict(
        title=f'{name}, {activation}, {clip}, lr {rate}',
        config=f'_base_/{method}_mnv3-s_shapes.py',
        options=_options(method, activation, clip, rate),
    )
    for method, name in (('kmax', 'kMaX'), ('remax', 'ReMaX'))
    for activation in ('softmax', 'sigmoid')
    for clip in _clips
    for rate in _rates
}
