"""Axial-ResNet-50 (MaX-S) in place of ResNet-50, shaped like `model`.

No ImageNet weights of it are public in this format: it starts from random.
"""

axial_r50 = dict(
    backbone=dict(
        _delete_=True,
        type='AxialResNet',
        strides=(4, 8, 16, 32),
        drop_path_rate=0.2,
    ),
)
