"""CamVid as semantic maps for mmseg, at half of its 360 x 480.

    python tools/dataset_converters/camvid.py data/CamVid
    for split in train val test; do
        python tools/dataset_converters/panoptic_to_semantic.py \
            data/CamVid/panoptic_$split.json
    done

Scores are those of the labels at 360 x 480.
"""

data_root = 'data/CamVid/'
scale = (240, 180)  # width, height; a half
crop_size = scale[::-1]
classes = (
    'sky', 'building', 'pole', 'road', 'pavement', 'tree', 'sign symbol',
    'fence', 'car', 'pedestrian', 'bicyclist',
)  # fmt: skip
palette = [
    [128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128],
    [0, 0, 192], [128, 128, 0], [192, 128, 128], [64, 64, 128],
    [64, 0, 128], [64, 64, 0], [0, 128, 192],
]  # fmt: skip
rare = ('pole', 'sign symbol', 'fence', 'bicyclist')

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=scale,
        ratio_range=(0.75, 1.5),
        keep_ratio=True,
        interpolation='area',
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, interpolation='area'),
    dict(type='LoadAnnotations'),  # after Resize: labels stay as they are
    dict(type='PackSegInputs'),
]
dataset = dict(
    type='BaseSegDataset',
    data_root=data_root,
    img_suffix='.png',
    seg_map_suffix='.png',
    metainfo=dict(classes=classes, palette=palette),
)
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        dataset,
        data_prefix=dict(img_path='train', seg_map_path='semantic_train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        data_prefix=dict(img_path='val', seg_map_path='semantic_val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassGroupIoUMetric', groups=dict(rare=rare))
test_evaluator = val_evaluator
