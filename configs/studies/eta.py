"""The strength of ReClass.

    python tools/experiments/run.py configs/studies/eta.py \
        --data-root data/vivid
"""

title = 'Strength of ReClass'
claim = (
    'eta of 0 / 0.01 / 0.05 / 0.1 / 0.2 gives 51.7 / 51.7 / 51.9 / 52.4 / '
    'about 51.5 PQ.'
)
paper = 'Table 4'
baseline = 'eta_000'
seeds = 3
_config = '_base_/remax_mnv3-s_shapes.py'  # eta = 0.1
arms = {
    f'eta_{_percent:03}': dict(
        title=f'eta = {_percent / 100:g}',
        config=_config,
        options={'model.panoptic_head.assigner.eta': _percent / 100},
    )
    for _percent in (0, 1, 5, 20)
}
arms['eta_010'] = dict(title='eta = 0.1', config=_config)
