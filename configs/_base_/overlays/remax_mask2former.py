"""ReMaX in Mask2Former: what it adds to mmdet's head, in training only.

Instance data sets `with_void`: most of its pixels have no class.
"""

remax_mask2former = dict(
    panoptic_head=dict(
        type='ReMaXMask2FormerHead',
        num_relaxed=4,
        semantic_head=dict(
            type='SemanticAuxHead',
            loss_semantic=dict(type='SemanticLoss', loss_weight=0.5),
        ),
        mask_loss=dict(type='ReMaskLoss'),
    ),
    train_cfg=dict(
        assigner=dict(
            _delete_=True,  # the base is Mask2Former's own matching
            type='ReClassAssigner',
            base=dict(
                type='HungarianAssigner',
                match_costs=[
                    dict(type='ClassificationCost', weight=2.0),
                    dict(
                        type='CrossEntropyLossCost',
                        weight=5.0,
                        use_sigmoid=True,
                    ),
                    dict(type='DiceCost', weight=5.0, pred_act=True, eps=1.0),
                ],
            ),
        )
    ),
)
