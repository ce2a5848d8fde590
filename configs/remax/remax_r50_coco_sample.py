"""remax_r50_coco.py on a handful of COCO val2017 images: does it run?

    python tools/train.py configs/remax/remax_r50_coco_sample.py \
        --data-root DIR --no-pretrained

DIR holds val2017/ and annotations/panoptic_val2017{.json,/}. Six steps of
one image at the full crop, a checkpoint every two, then PQ on the same
images; nothing of the recipe but its length changes. Time and memory:
docs/performance.md.
"""

_base_ = ['./remax_r50_coco.py']

data_root = 'data/coco_panoptic_sample/'
train_cfg = dict(max_iters=6, val_interval=6)
default_hooks = dict(
    checkpoint=dict(interval=2, save_best=None, max_keep_ckpts=-1),
    logger=dict(interval=1),
)
train_dataloader = dict(
    batch_size=1,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img='val2017/', seg='annotations/panoptic_val2017/'),
    ),
)
val_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root)
)
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=1)
