"""Swin-L (ImageNet-22k, window 12) in place of ResNet-50, as `model`.

Learning rate of the backbone 0.1; norms and position tables undecayed.
"""

depths = (2, 2, 18, 2)
channels = (192, 384, 768, 1536)
swin_l = dict(
    backbone=dict(
        _delete_=True,
        type='SwinTransformer',
        pretrain_img_size=384,
        embed_dims=channels[0],
        depths=depths,
        num_heads=(6, 12, 24, 48),
        window_size=12,
        mlp_ratio=4,
        qkv_bias=True,
        drop_path_rate=0.3,
        patch_norm=True,
        out_indices=(0, 1, 2, 3),
        convert_weights=True,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://github.com/SwinTransformer/storage/releases/'
            'download/v1.0.0/swin_large_patch4_window12_384_22k.pth',
        ),
    ),
    panoptic_head=dict(in_channels=channels, num_queries=200),
)
undecayed = dict(lr_mult=0.1, decay_mult=0.0)
swin_l_optim = dict(
    paramwise_cfg=dict(
        custom_keys={
            'absolute_pos_embed': undecayed,
            'relative_position_bias_table': undecayed,
            'backbone.patch_embed.norm': undecayed,
            'backbone.norm': undecayed,
            **{
                f'backbone.stages.{stage}.blocks.{block}.norm': undecayed
                for stage in range(4)
                for block in range((2, 2, 18, 2)[stage])
            },
            **{
                f'backbone.stages.{stage}.downsample.norm': undecayed
                for stage in range(3)
            },
        }
    )
)
