"""ReMaX: what it adds to kMaX-DeepLab, in training only."""

remax = dict(
    panoptic_head=dict(
        num_relaxed=4,
        semantic_head=dict(
            type='SemanticAuxHead',
            loss_semantic=dict(type='SemanticLoss', loss_weight=0.5),
        ),
        mask_loss=dict(
            type='ReMaskLoss',
            loss_mask=dict(activation='sigmoid', start_as_softmax=True),
        ),
        assigner=dict(type='ReClassAssigner', base=dict(type='KMaXAssigner')),
    )
)
