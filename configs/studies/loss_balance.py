"""The balance of false positives and negatives in the mask-id loss.

    python tools/experiments/run.py configs/studies/loss_balance.py \
        --data-root data/vivid

Look at the histograms of log10(FP / FN) in the report: of the layers that
ReMask relaxes, and of the final output, which it does not.
"""

title = 'Balance of the mask-id loss'
claim = (
    'With sigmoid masks FP / FN is above 100 at all times and reaches 1000; '
    'with softmax masks it is far smaller; ReMask lowers it and its spread.'
)
paper = 'Fig. 1 and 6'
baseline = 'sigmoid'
seeds = 3
_kmax = '_base_/kmax_mnv3-s_shapes.py'
_mask = 'model.panoptic_head.mask_loss.loss_mask.'
arms = dict(
    softmax=dict(title='softmax masks', config=_kmax),
    sigmoid=dict(
        title='sigmoid masks',
        config=_kmax,
        options={_mask + 'activation': 'sigmoid', _mask + 'loss_weight': 0.05},
    ),
    sigmoid_remask=dict(
        title='sigmoid masks, ReMask',
        config='_base_/remax_mnv3-s_shapes.py',
        options={'model.panoptic_head.assigner.eta': 0.0},
    ),
)
