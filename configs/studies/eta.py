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
baseline = 'eta_0'
seeds = 3
arms = {
    f'eta_{str(_eta).replace(".", "")}': dict(
        title=f'eta = {_eta:g}',
        config='_base_/remax_mnv3-s_shapes.py',
        options={'model.panoptic_head.assigner.eta': _eta},
    )
    for _eta in (0, 0.01, 0.05, 0.1, 0.2)
}
