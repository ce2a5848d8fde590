"""The paper's ablations of ReMaX, a group of arms for each of its tables.

    python tools/study.py run configs/studies/ablations.py \
        --data-root data/vivid --arms remax 'eta_*'

README.md lists the groups with what the paper says. Arms without a prefix
belong to several. The groups `parts_*`, `outputs_*` and `cost_*` have settings
of their own:

- `parts_*`: the paper's weight of the mask-id loss. Two are controls:
  `parts_semantic` trains the semantic branch and relaxes nothing with it;
  `parts_uniform` relaxes by the mean of m_hat, a larger scale of the logits
  that selects neither pixels nor queries.
- `outputs_*`: six decoder layers, of which so many outputs are relaxed.
- `stop_gradient_*`: with true masks there is no semantic branch; the
  stop-gradient is then that of the class scores in Eq. 1.
- `clipping_*`: `softmax` and `sigmoid` are of the mask-id loss; in ReMaX Eq. 1
  has the same one. The paper does not give its clipping norm; 0.1 is what DETR
  and its successors use. 10x is the rate of the other studies.
- `cost_*`: read `step_s` of the runs, one job at a time on a quiet machine;
  the scores of so short runs mean nothing.
"""

title = 'Ablations of ReMaX'
claim = (
    'ReMask and ReClass both help; four relaxed outputs, eta = 0.1, the '
    'identity mapping and the stop-gradient are best.'
)
paper = 'Tables 2 to 5, 7 and 12'
baseline = 'remax'
seeds = 3
_kmax = '_base_/kmax_mnv3-s_shapes.py'
_remax = '_base_/remax_mnv3-s_shapes.py'
_head = 'model.panoptic_head.'
_loss = _head + 'mask_loss.'
_activation = _loss + 'loss_mask.activation'
_weight = _loss + 'loss_mask.loss_weight'
_no_remask = {_head + 'num_relaxed': 0, _head + 'semantic_head': None}
_no_reclass = {_head + 'assigner.eta': 0.0}
_sigmoid = {_activation: 'sigmoid', _weight: 0.05}


def _arm(title, config, *parts):
    options = {}
    for part in parts:
        options |= part
    return dict(title=title, config=config, options=options)


arms = dict(
    kmax=_arm('kMaX (softmax)', _kmax),
    sigmoid=_arm('kMaX, sigmoid masks', _kmax, _sigmoid),
    remax=_arm('ReMaX', _remax),
)

# Tables 3 and 4, first rows
_030 = {_weight: 0.3}
arms |= dict(
    parts_sigmoid=_arm(
        'kMaX, sigmoid masks', _kmax, _030, {_activation: 'sigmoid'}
    ),
    parts_reclass=_arm('sigmoid, ReClass alone', _remax, _030, _no_remask),
    parts_semantic=_arm(
        'sigmoid, semantic branch alone',
        _remax,
        _030,
        _no_reclass,
        {_loss + 'gain': 0.0},
    ),
    parts_remask=_arm('sigmoid, ReMask alone', _remax, _030, _no_reclass),
    parts_uniform=_arm(
        'ReMaX, m_hat its mean', _remax, _030, {_loss + 'source': 'mean'}
    ),
    parts_remax=_arm('ReMaX, weight 0.3', _remax, _030),
    parts_remax_softmax=_arm(
        'ReMaX, softmax masks', _remax, _030, {_activation: 'softmax'}
    ),
)

# Table 3
_six_layers = {_head + 'transformer_decoder.num_layers': (2, 2, 2)}
for _number in (0, 2, 4, 6):
    arms[f'outputs_{_number}'] = _arm(
        f'{_number} relaxed outputs',
        _remax,
        _six_layers,
        {_head + 'num_relaxed': _number} if _number else _no_remask,
    )

# Table 4; eta = 0.1 is remax
for _percent in (0, 1, 5, 20):
    arms[f'eta_{_percent:03}'] = _arm(
        f'eta = {_percent / 100:g}',
        _remax,
        {_head + 'assigner.eta': _percent / 100},
    )

# Table 5
arms['identity_without'] = _arm(
    'without identity mapping', _remax, {_loss + 'identity': False}
)

# Table 7
_flow = {_loss + 'stop_gradient': False}
_truth = {_loss + 'source': 'ground_truth', _head + 'semantic_head': None}
arms |= dict(
    stop_gradient_predicted_flow=_arm('predicted masks, flow', _remax, _flow),
    stop_gradient_truth_stop=_arm('true masks, stop', _remax, _truth),
    stop_gradient_truth_flow=_arm('true masks, flow', _remax, _truth, _flow),
)

# Table 2; at the high rate without clipping: kmax, sigmoid, remax
_softmax = {_activation: 'softmax', _weight: 0.3}
_clip = {'optim_wrapper.clip_grad': dict(max_norm=0.1)}
for _rate, _lr in (('10x', 6e-3), ('1x', 6e-4)):
    for _clipping, _keys in (('free', {}), ('clip', _clip)):
        for _name, _title, _config, _options in (
            ('kmax_softmax', 'kMaX, softmax', _kmax, {}),
            ('kmax_sigmoid', 'kMaX, sigmoid', _kmax, _sigmoid),
            (
                'remax_softmax',
                'ReMaX, softmax',
                _remax,
                _softmax | {_loss + 'activation': 'softmax'},
            ),
            ('remax_sigmoid', 'ReMaX, sigmoid', _remax, {}),
        ):
            if (_rate, _clipping) == ('10x', 'free') and (
                _name != 'remax_softmax'
            ):
                continue
            arms[f'clipping_{_name}_{_clipping}_{_rate}'] = _arm(
                f'{_title}, {_clipping}, lr {_rate}',
                _config,
                _options,
                _keys,
                {'optim_wrapper.optimizer.lr': _lr},
            )

# Sec. 3 and Table 12
_short = {'train_cfg.max_iters': 100, 'train_cfg.val_interval': 100}
arms |= dict(
    cost_kmax=_arm('kMaX, 100 steps', _kmax, _short),
    cost_sigmoid=_arm('sigmoid masks, 100 steps', _kmax, _short, _sigmoid),
    cost_reclass=_arm('ReClass, 100 steps', _remax, _short, _no_remask),
    cost_remask=_arm('ReMask, 100 steps', _remax, _short, _no_reclass),
    cost_remax=_arm('ReMaX, 100 steps', _remax, _short),
)
