"""kMaX-DeepLab with ResNet-50, complete: COCO's classes, 1281 x 1281."""

crop_size = (1281, 1281)
model = dict(
    type='KMaXDeepLab',
    num_things_classes=80,
    num_stuff_classes=53,
    data_preprocessor=dict(type='KMaXDataPreprocessor', crop_size=crop_size),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=50,
        out_indices=(0, 1, 2, 3),
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),
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
        type='KMaXHead',
        pixel_decoder=dict(
            type='KMaXPixelDecoder',
            in_channels=(256, 512, 1024, 2048),
            base_channels=(512, 256, 128, 64),
            num_blocks=(1, 5, 1, 1),
            block_types=('axial', 'axial', 'bottleneck', 'bottleneck'),
            num_heads=8,
            dilation=1,
        ),
        transformer_decoder=dict(
            type='KMaXTransformerDecoder',
            num_queries=128,
            num_layers=(2, 2, 2),
            embed_dims=256,
            pixel_embed_dims=128,
            num_heads=8,
            ffn_channels=2048,
            drop_path_rate=0.2,
        ),
        auxiliary_semantic_head=dict(
            type='KMaXSemanticDecoder', with_void=True
        ),
        assigner=dict(type='KMaXAssigner'),
        share_matching=True,
        loss_cls=dict(type='PQClassificationLoss', loss_weight=3.0),
        mask_loss=dict(
            type='MaskLoss',
            loss_mask=dict(
                type='MaskIdLoss', activation='softmax', loss_weight=0.3
            ),
            loss_dice=dict(type='PQDiceLoss', loss_weight=3.0),
        ),
        loss_insdis=dict(
            type='InstanceDiscriminationLoss',
            num_samples=4096,
            sample_temperature=1.5,
            temperature=0.3,
            loss_weight=1.0,
        ),
        loss_aux_semantic=dict(
            type='SemanticLoss',
            num_samples=4096,
            sample_temperature=2.0,
            loss_weight=1.0,
        ),
    ),
    panoptic_fusion_head=dict(type='KMaXFusionHead'),
    test_cfg=dict(
        panoptic_on=True,
        semantic_on=False,
        semantic_by_query=False,
        instance_on=False,
        pixel_threshold=0.4,
        thing_threshold=0.7,
        stuff_threshold=0.5,
        overlap_threshold=0.8,
        class_score_power=1.0,
        mask_score_power=1.0,
        min_thing_area=0,
        min_stuff_area=0,
        max_per_image=100,
    ),
)
