"""ReMaX over kmax_mnv3-s_shapes.py, the semantic branch as narrow as it."""

_base_ = ['./kmax_mnv3-s_shapes.py', '../../_base_/overlays/remax.py']

model = _base_.remax
model.panoptic_head.semantic_head.update(
    channels=48,
    loss_semantic=dict(type='SemanticLoss', num_samples=512, loss_weight=0.5),
)
