"""ReMaX-B with soft semantic targets; not of the paper.

    tools/dist_train.sh configs/remax/remax_r50_coco_soft.py 8

The loss of ReMaX's semantic branch and ReClass see what part of a stride-4
cell each class has, not the class of the pixel the cell sits on; masks,
matching and inference are those of remax_r50_coco.py. Not trained yet.
"""

_base_ = ['./remax_r50_coco.py', '../_base_/overlays/soft_target.py']

model = _base_.soft_target
train_pipeline = [
    dict(step, semantic_target='soft')
    if step['type'] == 'PackPanopticInputs'
    else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
