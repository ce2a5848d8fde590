"""ConvNeXt-Small in place of ResNet-50, shaped like `model`."""

convnext_s = dict(
    backbone=dict(
        _delete_=True,
        type='KMaXConvNeXt',
        arch='small',
        drop_path_rate=0.4,
        init_cfg=dict(
            type='Pretrained',
            _scope_='mmremax',  # refuses a file that does not fit
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'convnext/'
            'convnext-small_in21k-pre_3rdparty_in1k-384px_20221219-96f0bb87.pth',
            prefix='backbone.',
        ),
    ),
    panoptic_head=dict(pixel_decoder=dict(in_channels=(96, 192, 384, 768))),
)
