"""kMaX-DeepLab, R50, Cityscapes panoptic, as published: 60k iterations.

    tools/dist_train.sh configs/kmax/kmax_r50_cityscapes.py 8

PQ 63.5 in the published code's README; ours: not trained yet. The pixel
decoder has five stages, and the masks are made from res2, at stride 4, as in
the published PyTorch code.
"""

_base_ = [
    '../_base_/models/kmax_r50.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/kmax_150k.py',
    '../_base_/default_runtime.py',
]

crop_size = (1025, 2049)  # height, width
model = dict(
    num_things_classes=8,
    num_stuff_classes=11,
    data_preprocessor=dict(crop_size=crop_size),
    backbone=dict(
        _delete_=True,
        type='KMaXResNet',
        depth=50,
        mask_stride=4,
        norm_eval=False,
        zero_init_residual=False,
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmremax',  # refuses a file that does not fit
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth',
            prefix='backbone.',
        ),
    ),
    panoptic_head=dict(
        pixel_decoder=dict(
            in_channels=(256, 64, 512, 1024, 2048),
            base_channels=(512, 256, 128, 64, 32),
            num_blocks=(1, 5, 1, 1, 1),
            block_types=(
                'axial',
                'axial',
                'bottleneck',
                'bottleneck',
                'bottleneck',
            ),
        ),
        transformer_decoder=dict(num_queries=256),
        auxiliary_semantic_head=dict(
            type='KMaXSemanticClassifier', with_void=False
        ),
        loss_insdis=dict(sample_temperature=0.6),
        loss_aux_semantic=dict(num_samples=0),  # all positions of stride 32
    ),
    test_cfg=dict(
        thing_threshold=0.5,
        stuff_threshold=0.3,
        overlap_threshold=0.9,
        mask_score_power=0.0,
    ),
)
max_iters = 60000
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [
    dict(type='WarmupPolyLR', end=max_iters, warmup=5000, power=0.9),
]
train_cfg = dict(max_iters=max_iters)
auto_scale_lr = dict(base_batch_size=32)
