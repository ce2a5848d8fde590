"""convergence.py with 2700 steps.

    python tools/experiments/run.py configs/studies/convergence_2700.py \
        --data-root data/vivid
"""

_base_ = 'convergence.py'

title = 'Convergence, MobileNetV3-Small, 2700 steps'
_steps = 2700
options = {
    'train_cfg.max_iters': _steps,
    'train_cfg.val_interval': _steps // 6,
    'param_scheduler.1.milestones': [_steps * 85 // 100, _steps * 95 // 100],
}
