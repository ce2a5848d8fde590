"""kMaX-DeepLab with ResNet-50 for ADE20K: 150 classes, 1281 x 1281."""

_base_ = ['./kmax_r50.py']

model = dict(
    num_things_classes=100,
    num_stuff_classes=50,
    panoptic_head=dict(transformer_decoder=dict(drop_path_rate=0.0)),
    test_cfg=dict(thing_threshold=0.4, stuff_threshold=0.4),
)
