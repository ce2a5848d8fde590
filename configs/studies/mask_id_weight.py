"""ReMaX against kMaX, by the weight of the sigmoid mask-id loss.

    python tools/experiments/run.py configs/studies/mask_id_weight.py \
        --data-root data/vivid

The paper keeps kMaX's weight of 0.3 and does not say over what a sigmoid
loss is averaged. Summed over Q queries it starts at Q ln 2 where the softmax
starts at ln Q: 6.4 times as much with 32 queries, 18 times with 128. A weight
of 0.05 lets both start alike; 0.3 / 32 is a mean over queries. `semantic_005`
is a control: the semantic branch of ReMaX is trained and relaxes nothing.
"""

title = 'ReMaX against kMaX, by the weight of the mask-id loss'
claim = 'None: the paper gives one weight, 0.3, and no normalisation.'
paper = 'left open'
baseline = 'kmax'
seeds = 3
_kmax = '_base_/kmax_mnv3-s_shapes.py'
_remax = '_base_/remax_mnv3-s_shapes.py'
_loss = 'model.panoptic_head.mask_loss.'


def _sigmoid(weight):
    return {
        _loss + 'loss_mask.activation': 'sigmoid',
        _loss + 'loss_mask.loss_weight': weight,
    }


arms = dict(
    kmax=dict(title='kMaX (softmax)', config=_kmax),
    sigmoid_005=dict(
        title='kMaX, sigmoid, weight 0.05',
        config=_kmax,
        options=_sigmoid(0.05),
    ),
    semantic_005=dict(
        title='semantic branch alone, weight 0.05',
        config=_remax,
        options={
            **_sigmoid(0.05),
            _loss + 'gain': 0.0,
            'model.panoptic_head.assigner.eta': 0.0,
        },
    ),
    remax_005=dict(
        title='ReMaX, weight 0.05', config=_remax, options=_sigmoid(0.05)
    ),
    remax_001=dict(
        title='ReMaX, weight 0.3 / 32: mean over queries',
        config=_remax,
        options=_sigmoid(0.3 / 32),
    ),
    sigmoid_030=dict(
        title='kMaX, sigmoid, weight 0.3', config=_kmax, options=_sigmoid(0.3)
    ),
    remax_030=dict(
        title='ReMaX, weight 0.3', config=_remax, options=_sigmoid(0.3)
    ),
)
