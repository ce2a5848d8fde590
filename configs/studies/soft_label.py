"""Label kernels of the downsampled ground truth, U-Net at a quarter.

    python tools/study.py run configs/studies/soft_label.py \
        --data-root work_dirs/shapes_512

Data: README.md.
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
_soft = 'soft_label/unet_shapes_area.py'
arms = dict(
    hard=dict(title='nearest, hard', config='soft_label/unet_shapes_hard.py'),
    bilinear=dict(
        title='bilinear, soft',
        config=_soft,
        options={
            'train_dataloader.dataset.pipeline.2.label_kernel': 'bilinear'
        },
    ),
    area=dict(title='area, soft', config=_soft),
)
