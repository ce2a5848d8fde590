"""What every run shares: imports, hooks, logs and checkpoints."""

default_scope = 'mmdet'
custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    # Scores are plotted over iterations: there is no epoch here.
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Exact on resume, safe against a kill; the schedule sets the interval.
    checkpoint=dict(
        type='ResumableCheckpointHook',
        by_epoch=False,
        interval=5000,
        max_keep_ckpts=3,
        save_best='coco_panoptic/PQ',
        rule='greater',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
custom_hooks = [
    dict(type='ClassCountCheckHook'),
    dict(type='ResumePositionHook'),
    dict(type='NonFiniteGuardHook', action='stop'),
    dict(type='GradNormHook'),
    dict(type='DiscardCountHook'),
    dict(type='MaskDiagnosticsHook', interval=50),
    dict(type='ChannelsLastHook'),
]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
# Every run has a seed: a resumed one needs the same order of samples.
randomness = dict(seed=0)
sync_bn = 'torch'  # across GPUs; without CUDA norms stay per process
find_unused_parameters = False
# The batch size that the schedules' learning rates are meant for.
auto_scale_lr = dict(enable=False, base_batch_size=64)

log_processor = dict(
    type='LogProcessor',
    by_epoch=False,
    window_size=50,
    mean_pattern=r'.*(loss|time|grad_norm).*',
)
log_level = 'INFO'
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='Visualizer', vis_backends=vis_backends)
load_from = None
resume = False
