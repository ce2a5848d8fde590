"""ReMask and ReClass in Mask2Former, with and without MP-Former's noise.

    python tools/study.py run configs/studies/mask2former.py \
        --data-root data/shapes_salient

The arms `semantic_input_*` ask which feature the semantic head shall read; the
other networks read `stride_8`.
"""

title = 'Relaxed training of Mask2Former'
claim = (
    'None for ReMaX, which leaves Mask2Former to future work; mask-piloted '
    'training converges faster than Mask2Former.'
)
paper = 'ReMaX, limitations and Appendix D; MP-Former'
baseline = 'mask2former'
seeds = 2
_titles = {
    'mask2former': 'Mask2Former',
    'mask2former-remax': 'Mask2Former, ReMaX',
    'mp-former': 'MP-Former',
    'mp-former-remax': 'MP-Former, ReMaX',
}
arms = {
    _name: dict(title=_title, config=f'mask2former/{_name}_shapes.py')
    for _name, _title in _titles.items()
}
for _input in ('key', 'stride_32', 'mask_feature'):
    arms[f'semantic_input_{_input}'] = dict(
        title=f'Mask2Former, ReMaX, {_input}',
        config='mask2former/mask2former-remax_shapes.py',
        options={'model.panoptic_head.semantic_input': _input},
    )
