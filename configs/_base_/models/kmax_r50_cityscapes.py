"""kMaX-DeepLab with ResNet-50 for Cityscapes: 1025 x 2049, five stages.

The masks are made from res2, at stride 4, as in the published PyTorch code.
"""

_base_ = ['./kmax_r50.py']

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
