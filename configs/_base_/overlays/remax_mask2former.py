"""ReMaX in Mask2Former: what it adds to mmdet's head, in training only.

Instance data sets `with_void`: most of its cells have no class.
"""

remax_mask2former = dict(
    panoptic_head=dict(
        type='ReMaXMask2FormerHead',
        semantic_head=dict(
            type='SemanticAuxHead',
            loss_semantic=dict(type='SemanticLoss', loss_weight=0.5),
        ),
        remask=dict(type='ReMaskLoss'),
        reclass=dict(type='ReClassAssigner'),
    )
)
