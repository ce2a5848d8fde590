"""Which part of ReMaX helps, and is it the relaxing?

    python tools/experiments/run.py configs/studies/parts.py \
        --data-root data/vivid

Two arms are controls: `semantic` trains ReMaX's semantic branch and relaxes
nothing with it; `uniform` relaxes by the mean of m_hat, a larger scale of the
logits that selects neither pixels nor queries. `remax_softmax` is ReMaX with
kMaX's softmax in the mask-id loss. All have the paper's weight of that loss.
"""

title = 'Parts of ReMaX'
claim = 'ReMask and ReClass both help: 50.4 without ReMask, 51.7 without eta.'
paper = 'Tables 3 and 4, first rows'
baseline = 'sigmoid'
seeds = 3
_kmax = '_base_/kmax_mnv3-s_shapes.py'
_remax = '_base_/remax_mnv3-s_shapes.py'
_head = 'model.panoptic_head.'
options = {_head + 'mask_loss.loss_mask.loss_weight': 0.3}
arms = dict(
    kmax=dict(title='kMaX (softmax)', config=_kmax),
    sigmoid=dict(
        title='kMaX, sigmoid masks',
        config=_kmax,
        options={_head + 'mask_loss.loss_mask.activation': 'sigmoid'},
    ),
    reclass=dict(
        title='sigmoid, ReClass alone',
        config=_remax,
        options={
            _head + 'mask_loss.num_stages': 0,
            _head + 'semantic_head': None,
        },
    ),
    semantic=dict(
        title='sigmoid, semantic branch alone',
        config=_remax,
        options={_head + 'mask_loss.gain': 0.0, _head + 'assigner.eta': 0.0},
    ),
    remask=dict(
        title='sigmoid, ReMask alone',
        config=_remax,
        options={_head + 'assigner.eta': 0.0},
    ),
    uniform=dict(
        title='ReMaX, m_hat its mean',
        config=_remax,
        options={_head + 'mask_loss.source': 'mean'},
    ),
    remax=dict(title='ReMaX', config=_remax),
    remax_softmax=dict(
        title='ReMaX, softmax masks',
        config=_remax,
        options={_head + 'mask_loss.loss_mask.activation': 'softmax'},
    ),
)
