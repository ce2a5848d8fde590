"""ConvNeXt-Tiny and -Small in place of ResNet-50, each shaped like `model`."""

convnext_t = dict(
    backbone=dict(
        _delete_=True,
        type='KMaXConvNeXt',
        arch='tiny',
        drop_path_rate=0.3,
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmremax',  # refuses a file that does not fit
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'convnext/'
            'convnext-tiny_in21k-pre_3rdparty_in1k-384px_20221219-c1182362.pth',
            prefix='backbone.',
        ),
    ),
    panoptic_head=dict(pixel_decoder=dict(in_channels=(96, 192, 384, 768))),
)
convnext_s = dict(
    backbone=dict(
        convnext_t['backbone'],
        arch='small',
        drop_path_rate=0.4,
        init_cfg=dict(
            convnext_t['backbone']['init_cfg'],
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'convnext/'
            'convnext-small_in21k-pre_3rdparty_in1k-384px_20221219-96f0bb87.pth',
        ),
    ),
    panoptic_head=convnext_t['panoptic_head'],
)
