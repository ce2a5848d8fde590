"""MP-Former R50, Cityscapes panoptic, 90k iterations, steps.

    tools/dist_train.sh \
        configs/mp_former/mp-former_r50_cityscapes-panoptic_90k.py 8

PQ 62.1 in Mask2Former's model zoo, polynomial decay; ours: not trained yet.
"""

_base_ = './mp-former_r50_ade20k-panoptic_160k.py'

data_root = 'data/cityscapes/'
image_size = (512, 1024)  # height, width
num_things_classes = 8
num_stuff_classes = 11
counts = dict(
    num_things_classes=num_things_classes,
    num_stuff_classes=num_stuff_classes,
)
batch_augments = _base_.model.data_preprocessor.batch_augments
batch_augments[0].size = image_size
model = dict(
    data_preprocessor=dict(batch_augments=batch_augments),
    panoptic_head=dict(
        loss_cls=dict(
            class_weight=[1.0] * (num_things_classes + num_stuff_classes)
            + [0.1]
        ),
        **counts,
    ),
    panoptic_fusion_head=counts,
)

train_pipeline = _base_.train_pipeline
train_pipeline[2].update(
    scales=[1024 * i // 10 for i in range(5, 21)],  # shorter side
    max_size=4096,
)
train_pipeline[3].crop_size = image_size[::-1]  # width, height
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(short_side=1024, long_side=2048)
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        data_prefix=dict(img='leftImg8bit/train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        data_prefix=dict(img='leftImg8bit/val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='PanopticQualityMetric'),
    dict(type='CityscapesAPMetric'),
]
test_evaluator = val_evaluator

max_iters = 90000
param_scheduler = _base_.param_scheduler
param_scheduler[0].milestones = [80000, 85000]
train_cfg = dict(max_iters=max_iters)
