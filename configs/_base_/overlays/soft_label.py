"""Soft labels: what they change of a semantic config of mmseg.

A config names its heads with the prefix "Soft", gives them the loss, and
replaces the steps of the training pipeline:

    train_pipeline = [
        dict(step, **_base_.soft_area.get(step['type'], {}))
        for step in _base_.train_pipeline
    ]
"""

soft_loss = dict(_delete_=True, type='SoftCrossEntropyLoss', loss_weight=1.0)
soft_aux_loss = dict(
    _delete_=True, type='SoftCrossEntropyLoss', loss_weight=0.4
)
# In a list of heads nothing is inherited that would have to be deleted.
soft_list_loss = dict(type='SoftCrossEntropyLoss', loss_weight=1.0)
soft_aux_list_loss = dict(type='SoftCrossEntropyLoss', loss_weight=0.4)

soft_resize = dict(num_classes=19, encoding='uint8')
soft_bilinear = dict(  # image and label as OpenCV's bilinear does it
    Resize=dict(soft_resize, type='SoftLabelResize', label_kernel='bilinear'),
    RandomResize=dict(
        soft_resize, resize_type='SoftLabelResize', label_kernel='bilinear'
    ),
    PackSegInputs=dict(type='PackSoftSegInputs'),
)
soft_area = dict(  # both averaged over the pixels a cell covers
    Resize=dict(
        soft_resize,
        type='SoftLabelResize',
        label_kernel='area',
        interpolation='area',
    ),
    RandomResize=dict(
        soft_resize,
        resize_type='SoftLabelResize',
        label_kernel='area',
        interpolation='area',
    ),
    PackSegInputs=dict(type='PackSoftSegInputs'),
)
