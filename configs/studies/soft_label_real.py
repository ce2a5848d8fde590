"""Label kernels on photographs: CamVid at half and at a quarter.

    python tools/study.py run configs/studies/soft_label_real.py \
        --data-root data/CamVid

Scores are those of the labels at 360 x 480, `mIoU_rare` that of pole, sign
symbol, fence and bicyclist. `full` trains on images and labels as they are.
Data: configs/small/README.md.
"""

title = 'Soft labels on CamVid'
claim = (
    'Soft labels from an area kernel beat hard ones from nearest neighbours '
    'where the resolution is low, most for rare and small classes.'
)
paper = 'soft labels for downsampled ground truth'
metric = 'mIoU'
baseline = 'half_hard'
seeds = 5
_hard = '../small/segformer_lite0_camvid-half_hard.py'
_area = '../small/segformer_lite0_camvid-half_area.py'
_step = 'train_dataloader.dataset.pipeline.2.'
_kernels = dict(
    hard=('nearest, hard', _hard, {}),
    bilinear=('bilinear, soft', _area, {_step + 'label_kernel': 'bilinear'}),
    area=('area, soft', _area, {}),
)


def _scale(width, height):
    size = (width, height)
    return {
        _step + 'scale': size,
        'train_dataloader.dataset.pipeline.3.crop_size': size[::-1],
        'model.data_preprocessor.size': size[::-1],
        'val_dataloader.dataset.pipeline.1.scale': size,
        'test_dataloader.dataset.pipeline.1.scale': size,
    }


arms = {
    f'{_size}_{_name}': dict(
        title=f'{_size}: {_title}', config=_config, options=_options | _sizes
    )
    for _size, _sizes in (('half', {}), ('quarter', _scale(120, 90)))
    for _name, (_title, _config, _options) in _kernels.items()
}
arms['full'] = dict(
    title='full size: hard', config=_hard, options=_scale(480, 360)
)
