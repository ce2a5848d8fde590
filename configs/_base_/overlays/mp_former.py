"""MP-Former: what it adds to a Mask2Former, in training only.

`mp_former` for mmdet's models, `mp_former_semantic` for mmseg's; the keys of
`mp_cfg` are those of ``PilotSettings``.
"""

mp_cfg = dict(
    num_groups=1,
    mask_noise_scale=0.2,
    label_noise_ratio=0.2,
    pilot_layers='all',
)
mp_former = dict(panoptic_head=dict(type='MPFormerHead', mp_cfg=mp_cfg))
mp_former_semantic = dict(
    decode_head=dict(type='mmseg.MPFormerHead', mp_cfg=mp_cfg)
)
# An embedding, as query_feat: no weight decay.
mp_former_optim = dict(
    paramwise_cfg=dict(
        custom_keys=dict(label_embed=dict(lr_mult=1.0, decay_mult=0.0))
    )
)
