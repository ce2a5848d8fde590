"""remax_mnv3-s_shapes.py with soft semantic targets."""

_base_ = [
    './remax_mnv3-s_shapes.py',
    '../../_base_/overlays/soft_target.py',
]

model = _base_.soft_target
train_pipeline = [
    dict(step, semantic_target='soft')
    if step['type'] == 'PackPanopticInputs'
    else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
