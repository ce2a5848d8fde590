"""Which feature of Mask2Former the semantic head shall read.

    python tools/experiments/run.py \
        configs/studies/mask2former_semantic_input.py \
        --data-root data/shapes_salient
"""

title = 'Input of the semantic head in Mask2Former'
claim = 'None: the paper leaves Mask2Former as future work.'
paper = 'Appendix D'
baseline = 'mask2former'
seeds = 2
arms = dict(
    mask2former=dict(
        title='Mask2Former', config='mask2former/mask2former_shapes.py'
    ),
    **{
        _input: dict(
            title=f'+ ReMaX, {_input}',
            config='mask2former/mask2former-remax_shapes.py',
            options={'model.panoptic_head.semantic_input': _input},
        )
        for _input in ('key', 'stride_32', 'stride_8', 'mask_feature')
    },
)
