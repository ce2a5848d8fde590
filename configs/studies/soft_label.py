"""Label kernels of the downsampled ground truth, U-Net at a quarter.

    python tools/experiments/run.py configs/studies/soft_label.py \
        --data-root DIR

DIR: see configs/studies/soft_label/README.md.
"""

title = 'Soft labels'
claim = (
    'Soft labels from an area kernel beat hard ones from nearest neighbours '
    'where the resolution is low.'
)
paper = 'soft labels for downsampled ground truth'
metric = 'mIoU'
baseline = 'hard'
seeds = 3
_titles = dict(
    hard='nearest, hard', bilinear='bilinear, soft', area='area, soft'
)
arms = {
    _name: dict(title=_title, config=f'soft_label/unet_shapes_{_name}.py')
    for _name, _title in _titles.items()
}
