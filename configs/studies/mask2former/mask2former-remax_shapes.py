"""The small Mask2Former with ReMaX's relaxations.

    python tools/train.py \
        configs/studies/mask2former/mask2former-remax_shapes.py \
        --data-root data/shapes_salient

Its baseline is mask2former_shapes.py. PQ and time: ../README.md.
"""

_base_ = [
    './mask2former_shapes.py',
    '../../_base_/overlays/remax_mask2former.py',
]

model = _base_.remax_mask2former
model.panoptic_head.semantic_head.update(
    channels=48,
    loss_semantic=dict(type='SemanticLoss', num_samples=512, loss_weight=0.5),
)
custom_hooks = [
    *(
        hook
        for hook in _base_.custom_hooks
        if hook['type'] != 'MaskDiagnosticsHook'
    ),
    dict(type='MaskDiagnosticsHook', interval=10),
]
