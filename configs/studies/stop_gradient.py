"""Stop-gradient of m_hat, predicted or true semantic masks.

    python tools/experiments/run.py configs/studies/stop_gradient.py \
        --data-root data/vivid

With true masks there is no semantic branch; the stop-gradient is then that
of the class scores in Eq. 1.
"""

title = 'Stop-gradient and ground-truth masking'
claim = (
    'Without the stop-gradient the training diverges (36.6 instead of 52.4 '
    'PQ); with ground-truth masks in place of the predicted ones it ends at '
    '45.1: relaxing helps, masking does not.'
)
paper = 'Table 7'
baseline = 'predicted_stop'
seeds = 3
_loss = 'model.panoptic_head.mask_loss.'
_truth = {
    _loss + 'source': 'ground_truth',
    'model.panoptic_head.semantic_head': None,
}
_flow = {_loss + 'stop_gradient': False}
_config = '_base_/remax_mnv3-s_shapes.py'
arms = dict(
    predicted_stop=dict(title='predicted masks, stop', config=_config),
    predicted_flow=dict(
        title='predicted masks, flow', config=_config, options=_flow
    ),
    truth_stop=dict(title='true masks, stop', config=_config, options=_truth),
    truth_flow=dict(
        title='true masks, flow', config=_config, options=_truth | _flow
    ),
)
