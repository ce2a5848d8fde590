"""Synthetic shapes as semantic maps, 512 x 512, trained on at a quarter.

    python tools/dataset_converters/make_shapes.py data/shapes_512 \
        --train 240 --val 60 --size 512 512 --thin 1 --radius 0.06 0.2 \
        --clutter 8
    for split in train val; do
        python tools/dataset_converters/panoptic_to_semantic.py \
            data/shapes_512/annotations/panoptic_$split.json --merge-things
    done

All things are one class: to tell a star from a disc takes longer than a
short run has. Scores are those of the labels at 512 x 512.
"""

data_root = 'data/shapes_512/'
scale = (128, 128)  # width, height; a quarter
classes = ('thing', 'bricks', 'waves', 'grass', 'clouds')
palette = [
    [220, 20, 60], [120, 70, 40], [0, 90, 120], [60, 150, 60],
    [170, 190, 215],
]  # fmt: skip

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', scale=scale, interpolation='area'),
    dict(type='RandomFlip', prob=0.5),
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
        data_prefix=dict(
            img_path='train', seg_map_path='annotations/semantic_train'
        ),
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
        data_prefix=dict(
            img_path='val', seg_map_path='annotations/semantic_val'
        ),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
