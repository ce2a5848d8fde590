"""A small Mask2Former, mmdet's own, for a CPU: 64 channels, 5 layers.

A config adds the backbone with `in_channels`, the counts of classes and
`class_weight`, which ends with that of no object.
"""

channels = 64
attention = dict(
    embed_dims=channels, num_heads=4, dropout=0.0, batch_first=True
)
positional_encoding = dict(num_feats=channels // 2, normalize=True)
ffn = dict(
    embed_dims=channels,
    feedforward_channels=4 * channels,
    num_fcs=2,
    ffn_drop=0.0,
    act_cfg=dict(type='ReLU', inplace=True),
)
model = dict(
    type='Mask2Former',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        pad_size_divisor=32,
        pad_mask=True,
        mask_pad_value=0,
        pad_seg=True,
        seg_pad_value=255,
    ),
    panoptic_head=dict(
        type='Mask2FormerHead',
        strides=[4, 8, 16, 32],
        feat_channels=channels,
        out_channels=channels,
        num_queries=32,
        num_transformer_feat_level=3,
        pixel_decoder=dict(
            type='MSDeformAttnPixelDecoder',
            num_outs=3,
            norm_cfg=dict(type='GN', num_groups=8),
            act_cfg=dict(type='ReLU'),
            encoder=dict(
                num_layers=2,
                layer_cfg=dict(
                    self_attn_cfg=dict(
                        num_levels=3, num_points=4, **attention
                    ),
                    ffn_cfg=ffn,
                ),
            ),
            positional_encoding=positional_encoding,
        ),
        enforce_decoder_input_project=False,
        positional_encoding=positional_encoding,
        transformer_decoder=dict(
            return_intermediate=True,
            num_layers=5,
            layer_cfg=dict(
                self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=ffn
            ),
            init_cfg=None,
        ),
        loss_cls=dict(
            type='CrossEntropyLoss',
            use_sigmoid=False,
            loss_weight=2.0,
            reduction='mean',
        ),
        loss_mask=dict(
            type='CrossEntropyLoss',
            use_sigmoid=True,
            reduction='mean',
            loss_weight=5.0,
        ),
        loss_dice=dict(
            type='DiceLoss',
            use_sigmoid=True,
            activate=True,
            reduction='mean',
            naive_dice=True,
            eps=1.0,
            loss_weight=5.0,
        ),
    ),
    panoptic_fusion_head=dict(
        type='MaskFormerFusionHead', loss_panoptic=None, init_cfg=None
    ),
    train_cfg=dict(
        num_points=512,
        oversample_ratio=3.0,
        importance_sample_ratio=0.75,
        assigner=dict(
            type='HungarianAssigner',
            match_costs=[
                dict(type='ClassificationCost', weight=2.0),
                dict(
                    type='CrossEntropyLossCost', weight=5.0, use_sigmoid=True
                ),
                dict(type='DiceCost', weight=5.0, pred_act=True, eps=1.0),
            ],
        ),
        sampler=dict(type='MaskPseudoSampler'),
    ),
    test_cfg=dict(
        panoptic_on=True,
        semantic_on=False,
        instance_on=False,
        max_per_image=100,
        object_mask_thr=0.2,  # few scores of a short run reach 0.8
        iou_thr=0.8,
        filter_low_score=True,
    ),
    init_cfg=None,
)

no_decay = dict(decay_mult=0.0)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(
        custom_keys=dict(
            query_embed=no_decay,
            query_feat=no_decay,
            level_embed=no_decay,
        ),
        norm_decay_mult=0.0,
    ),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
