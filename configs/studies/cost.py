"""What each part of ReMaX costs in training time and memory.

    python tools/experiments/run.py configs/studies/cost.py \
        --data-root data/vivid

Read `step_s` and `peak_memory_mb` of the runs, one job at a time on a quiet
machine; the scores of so short runs mean nothing.
"""

title = 'Training cost of the parts'
claim = 'ReMaX costs training time alone; inference is kMaX, node for node.'
paper = 'Sec. 3 and Table 12'
baseline = 'kmax'
seeds = 3
options = {'train_cfg.max_iters': 100, 'train_cfg.val_interval': 100}
_kmax = '_base_/kmax_mnv3-s_shapes.py'
_remax = '_base_/remax_mnv3-s_shapes.py'
_head = 'model.panoptic_head.'
arms = dict(
    kmax=dict(title='kMaX', config=_kmax),
    sigmoid=dict(
        title='kMaX, sigmoid masks',
        config=_kmax,
        options={
            _head + 'mask_loss.loss_mask.activation': 'sigmoid',
            _head + 'mask_loss.loss_mask.loss_weight': 0.05,
        },
    ),
    reclass=dict(
        title='sigmoid masks, ReClass',
        config=_remax,
        options={
            _head + 'mask_loss.num_stages': 0,
            _head + 'semantic_head': None,
        },
    ),
    remask=dict(
        title='sigmoid masks, ReMask',
        config=_remax,
        options={_head + 'assigner.eta': 0.0},
    ),
    remax=dict(title='ReMaX', config=_remax),
)
