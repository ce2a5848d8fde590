"""ReMaX's semantic targets as fractions of classes instead of strided labels.

Goes with PackPanopticInputs(semantic_target='soft') in the pipeline.
"""

soft_target = dict(
    panoptic_head=dict(
        semantic_head=dict(loss_semantic=dict(semantic_target='soft')),
        assigner=dict(semantic_target='soft'),
    )
)
