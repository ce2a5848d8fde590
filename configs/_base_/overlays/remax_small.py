"""ReMaX for the narrow networks of configs/small: a narrow branch, too."""

_base_ = ['./remax.py']

remax = _base_.remax
remax.panoptic_head.semantic_head.update(
    channels=48,
    loss_semantic=dict(type='SemanticLoss', num_samples=512, loss_weight=0.5),
)
