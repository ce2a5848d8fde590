"""600 steps in place of the quickstart's 900, for studies of many arms."""

_steps = 600
options = {
    'train_cfg.max_iters': _steps,
    'train_cfg.val_interval': _steps // 4,
    'param_scheduler.1.milestones': [_steps * 85 // 100, _steps * 95 // 100],
}
