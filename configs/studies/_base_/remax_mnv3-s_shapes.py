"""ReMaX over kmax_mnv3-s_shapes.py, the semantic branch as narrow as it.

The sigmoid mask-id loss is a plain sum over queries here, so that arms can
set its weight; with 32 queries it starts where kMaX's softmax does at 0.05.
"""

_base_ = ['./kmax_mnv3-s_shapes.py', '../../_base_/overlays/remax.py']

model = _base_.remax
model.panoptic_head.semantic_head.update(
    channels=48,
    loss_semantic=dict(type='SemanticLoss', num_samples=512, loss_weight=0.5),
)
model.panoptic_head.mask_loss.loss_mask.update(
    start_as_softmax=False, loss_weight=0.05
)
