"""MobileNetV3-Small and -Large in place of ResNet-50, each like `model`."""

mnv3_s = dict(
    backbone=dict(
        _delete_=True,
        type='KMaXMobileNetV3',
        arch='small',
        strides=(4, 8, 16, 32),
        endpoints='depthwise',
        squeeze_excite='hard_sigmoid',  # as the weights were trained
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmremax',  # refuses a file that does not fit
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'mobilenet_v3/'
            'mobilenet-v3-small_8xb128_in1k_20221114-bd1bfcde.pth',
            prefix='backbone.',
        ),
    ),
    panoptic_head=dict(
        pixel_decoder=dict(
            in_channels=(16, 88, 144, 576), num_blocks=(1, 1, 1, 1)
        ),
        transformer_decoder=dict(num_layers=(1, 1, 1)),
    ),
)
mnv3_l = dict(
    backbone=dict(
        mnv3_s['backbone'],
        arch='large',
        init_cfg=dict(
            mnv3_s['backbone']['init_cfg'],
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'mobilenet_v3/'
            'mobilenet-v3-large_8xb128_in1k_20221114-0ed9ed9a.pth',
        ),
    ),
    panoptic_head=dict(
        mnv3_s['panoptic_head'],
        pixel_decoder=dict(
            in_channels=(72, 120, 672, 960), num_blocks=(1, 1, 1, 1)
        ),
    ),
)
