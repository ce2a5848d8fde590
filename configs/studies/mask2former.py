"""ReMask and ReClass in Mask2Former, with and without MP-Former's noise.

    python tools/experiments/run.py configs/studies/mask2former.py \
        --data-root data/shapes_salient
"""

title = 'Relaxed training of Mask2Former'
claim = (
    'None for ReMaX, which leaves Mask2Former to future work; mask-piloted '
    'training converges faster than Mask2Former.'
)
paper = 'ReMaX, limitations; MP-Former'
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
