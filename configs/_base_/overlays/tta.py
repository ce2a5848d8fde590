"""Test-time augmentation: two sizes, each as it is and mirrored.

    mmremax test CONFIG CHECKPOINT --tta

takes these, unless the config has its own. What a step leaves open it has
from the step of the same type of the config's test pipeline.
"""

tta_model = dict(type='UnionTTAModel')
tta_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='ResizeShortestSide', scale=1.0),
                dict(type='ResizeShortestSide', scale=1.3),
            ],
            [
                dict(type='RandomFlip', prob=0.0),
                dict(type='RandomFlip', prob=1.0),
            ],
            [dict(type='PackPanopticInputs')],
        ],
    ),
]
