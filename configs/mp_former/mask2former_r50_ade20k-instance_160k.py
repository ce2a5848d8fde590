"""Mask2Former R50, ADE20K instance, 160k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mask2former_r50_ade20k-instance_160k.py 8

AP 26.4 in its model zoo, polynomial decay; ours: not trained yet.
"""

_base_ = './mask2former_r50_ade20k-panoptic_160k.py'

# The same files and the same crops: stuff is left out by the counts.
counts = dict(num_stuff_classes=0)
model = dict(
    panoptic_head=dict(
        loss_cls=dict(class_weight=[1.0] * 100 + [0.1]), **counts
    ),
    panoptic_fusion_head=counts,
    test_cfg=dict(panoptic_on=False),
)
val_evaluator = [dict(type='InstanceAPMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='instance/AP'))
# No ClassCountCheckHook: the model has fewer classes than the data.
custom_hooks = _base_.custom_hooks[1:]
