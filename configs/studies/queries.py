"""ReMaX against kMaX with 128 queries, as on COCO.

    python tools/experiments/run.py configs/studies/queries.py \
        --data-root data/vivid

A sigmoid loss weighs a cell's false positives by the number of queries that
it does not belong to: 31 in the other studies, 127 here and in the paper. Of
the weights of the sigmoid mask-id loss 0.3 is the paper's, and 0.016 lets the
loss, a sum over queries, start where kMaX's softmax does; 0.05 lies between.
`semantic` is a control: the semantic branch of ReMaX is trained and relaxes
nothing.
"""

title = 'ReMaX against kMaX, 128 queries'
claim = (
    'Sigmoid mask losses are dominated by false positives, 100 to 1000 times '
    'the false negatives; relaxing helps them.'
)
paper = 'Fig. 1, 4 and 6'
baseline = 'kmax'
seeds = 3
options = {'model.panoptic_head.transformer_decoder.num_queries': 128}
_kmax = '_base_/kmax_mnv3-s_shapes.py'
_remax = '_base_/remax_mnv3-s_shapes.py'
_head = 'model.panoptic_head.'
_mask = _head + 'mask_loss.loss_mask.'
_unrelaxed = {_head + 'mask_loss.gain': 0.0, _head + 'assigner.eta': 0.0}


def _sigmoid(weight):
    return {_mask + 'activation': 'sigmoid', _mask + 'loss_weight': weight}


arms = dict(
    kmax=dict(title='kMaX (softmax)', config=_kmax),
    sigmoid_300=dict(
        title='kMaX, sigmoid, weight 0.3', config=_kmax, options=_sigmoid(0.3)
    ),
    remax_300=dict(
        title='ReMaX, weight 0.3', config=_remax, options=_sigmoid(0.3)
    ),
    sigmoid_016=dict(
        title='kMaX, sigmoid, weight 0.016',
        config=_kmax,
        options=_sigmoid(0.016),
    ),
    remax_016=dict(
        title='ReMaX, weight 0.016', config=_remax, options=_sigmoid(0.016)
    ),
    remax_050=dict(
        title='ReMaX, weight 0.05', config=_remax, options=_sigmoid(0.05)
    ),
    semantic_300=dict(
        title='semantic branch alone, weight 0.3',
        config=_remax,
        options=_sigmoid(0.3) | _unrelaxed,
    ),
    semantic_016=dict(
        title='semantic branch alone, weight 0.016',
        config=_remax,
        options=_sigmoid(0.016) | _unrelaxed,
    ),
)
