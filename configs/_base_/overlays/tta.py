"""Test-time augmentation: an image as it is, and mirrored.

    mmremax test CONFIG CHECKPOINT --tta

takes these views, unless the config has its own. What a step leaves open it
has from the step of the same type of the config's test pipeline. A config
with a larger size besides:

    _base_ = ['./remax_r50_coco.py', '../_base_/overlays/tta.py']
    tta_pipeline = _base_.tta_pipeline
    tta_pipeline[1]['transforms'][0] += [
        dict(type='ResizeShortestSide', scale=1.3)
    ]
"""

tta_model = dict(type='UnionTTAModel')
tta_pipeline = [
    dict(type='LoadPanopticImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='ResizeShortestSide')],
            [
                dict(type='RandomFlip', prob=0.0),
                dict(type='RandomFlip', prob=1.0),
            ],
            [dict(type='PackPanopticInputs')],
        ],
    ),
]
