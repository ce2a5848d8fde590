"""What the paper leaves open, one reading at a time.

    python tools/study.py run configs/studies/open_points.py \
        --data-root data/vivid

The numbers are those of docs/design.md, "Open points". Watch m_hat on the
matched class and off it (`diagnostics` of the result).
"""

title = 'Open points of the paper'
claim = 'None: the paper does not say which of these readings it means.'
paper = 'left open'
baseline = 'default'
seeds = 3
_head = 'model.panoptic_head.'
_readings = dict(
    default=('our reading of the paper', {}),
    raw_input=(
        '1: raw decoder map for the key',
        {'semantic_input': 'memory'},
    ),
    bounded=(
        '4: m_hat at most 1 (softmax of p)',
        {'mask_loss.class_activation': 'softmax'},
    ),
    gain=(
        '4: m_hat as large as with 133 classes',
        {'mask_loss.gain': 13.3},
    ),
    reclass_all=(
        '5: ReClass on all queries',
        {'assigner.queries': 'all'},
    ),
    match_each=('6: each output matched', {'share_matching': False}),
    semantic_sigmoid=(
        '7: sigmoid semantic loss',
        {'semantic_head.loss_semantic.activation': 'sigmoid'},
    ),
    class_sigmoid=(
        '8: sigmoid class loss',
        {'loss_cls.activation': 'sigmoid'},
    ),
    both_sigmoid=(
        '7 and 8: both sigmoid',
        {
            'semantic_head.loss_semantic.activation': 'sigmoid',
            'loss_cls.activation': 'sigmoid',
        },
    ),
    m_hat_softmax=(
        '10: softmax in Eq. 1',
        {'mask_loss.activation': 'softmax'},
    ),
    mask_id_softmax=(
        '10: softmax mask-id loss',
        {
            'mask_loss.loss_mask.activation': 'softmax',
            'mask_loss.loss_mask.loss_weight': 0.3,
        },
    ),
    branch_softmax=(
        '10: softmax mask-id loss, branch alone',
        {
            'mask_loss.loss_mask.activation': 'softmax',
            'mask_loss.loss_mask.loss_weight': 0.3,
            'mask_loss.gain': 0.0,
            'assigner.eta': 0.0,
        },
    ),
    dice_sigmoid=(
        '10: sigmoid in the dice loss too',
        {'mask_loss.loss_dice.activation': 'sigmoid'},
    ),
)
arms = {
    _name: dict(
        title=_title,
        config='_base_/remax_mnv3-s_shapes.py',
        options={_head + _key: _value for _key, _value in _keys.items()},
    )
    for _name, (_title, _keys) in _readings.items()
}
arms['kmax'] = dict(
    title='kMaX (softmax), for comparison',
    config='_base_/kmax_mnv3-s_shapes.py',
)
arms['soft_target'] = dict(
    title='soft semantic target',
    config='_base_/remax_mnv3-s_shapes.py',
    options={
        _head + 'semantic_head.loss_semantic.semantic_target': 'soft',
        _head + 'assigner.semantic_target': 'soft',
        'train_dataloader.dataset.pipeline.6.semantic_target': 'soft',
    },
)
