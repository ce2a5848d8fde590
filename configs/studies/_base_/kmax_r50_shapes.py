"""The quickstart's kMaX-DeepLab with ResNet-50, from random weights."""

_base_ = ['../../quickstart/kmax_mnv3-s_shapes.py']

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.ResNet',
        depth=50,
        out_indices=(0, 1, 2, 3),
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),
        norm_eval=False,
        zero_init_residual=False,
    ),
    panoptic_head=dict(
        pixel_decoder=dict(in_channels=(256, 512, 1024, 2048)),
    ),
)
