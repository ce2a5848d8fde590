"""How many of six decoder layers ReMask relaxes.

    python tools/experiments/run.py configs/studies/num_stages.py \
        --data-root data/vivid
"""

title = 'Number of relaxed stages'
claim = '0 / 2 / 4 / 6 relaxed stages give 50.4 / 51.9 / 52.4 / about 51 PQ.'
paper = 'Table 3'
baseline = 'stages_0'
seeds = 3
options = {
    'model.panoptic_head.transformer_decoder.num_layers': (2, 2, 2),
}
arms = {
    f'stages_{_number}': dict(
        title=f'{_number} stages',
        config='_base_/remax_mnv3-s_shapes.py',
        options={'model.panoptic_head.mask_loss.num_stages': _number},
    )
    for _number in (0, 2, 4, 6)
}
