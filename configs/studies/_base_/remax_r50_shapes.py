"""ReMaX over kmax_r50_shapes.py, the semantic branch as narrow as it.

The sigmoid mask-id loss is a sum over queries; with 32 of them the weight of
0.05 lets it start where kMaX's softmax does: ../mask_id_weight.py.
"""

_base_ = ['./kmax_r50_shapes.py', '../../_base_/overlays/remax.py']

model = _base_.remax
model.panoptic_head.semantic_head.update(
    channels=48,
    loss_semantic=dict(type='SemanticLoss', num_samples=512, loss_weight=0.5),
)
model.panoptic_head.mask_loss.loss_mask.loss_weight = 0.05
