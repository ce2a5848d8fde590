"""The weight of the sigmoid mask-id loss.

    python tools/experiments/run.py configs/studies/mask_id_weight.py \
        --data-root data/vivid

The paper keeps kMaX's weight of 0.3 and does not say over what a sigmoid
loss is averaged. Summed over Q queries it starts at Q ln 2 where the softmax
starts at ln Q: 6.4 times as much with 32 queries, 18 times with 128. A weight
of 0.05 lets both start alike.
"""

title = 'Weight of the sigmoid mask-id loss'
claim = 'None: the paper gives one weight, 0.3, and no normalisation.'
paper = 'left open'
baseline = 'sigmoid_030'
seeds = 3
_head = 'model.panoptic_head.mask_loss.loss_mask.'
arms = {
    f'{_method}_{round(100 * _weight):03}': dict(
        title=f'{_title}, weight {_weight:g}',
        config=f'_base_/{_config}_mnv3-s_shapes.py',
        options={
            _head + 'activation': 'sigmoid',
            _head + 'loss_weight': _weight,
        },
    )
    for _method, _title, _config in (
        ('sigmoid', 'kMaX, sigmoid masks', 'kmax'),
        ('remax', 'ReMaX', 'remax'),
    )
    for _weight in (0.3, 0.05)
}
