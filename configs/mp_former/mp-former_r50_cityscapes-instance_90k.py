"""MP-Former R50, Cityscapes instance, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_r50_cityscapes-instance_90k.py 8

Paper: 2.3 AP above Mask2Former (37.4). Ours: not trained yet.
"""

_base_ = './mp-former_r50_cityscapes-panoptic_90k.py'

# The same files and the same crops: stuff is left out by the counts.
counts = dict(num_stuff_classes=0)
model = dict(
    panoptic_head=dict(
        loss_cls=dict(class_weight=[1.0] * 8 + [0.1]), **counts
    ),
    panoptic_fusion_head=counts,
    test_cfg=dict(panoptic_on=False),
)
val_evaluator = [dict(type='CityscapesAPMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='cityscapes/AP'))
# No ClassCountCheckHook: the model has fewer classes than the data.
custom_hooks = _base_.custom_hooks[1:]
