"""convergence.py with 1800 steps.

    python tools/experiments/run.py configs/studies/convergence_1800.py \
        --data-root data/vivid
"""

_base_ = 'convergence.py'

title = 'Convergence, MobileNetV3-Small, 1800 steps'
_steps = 1800
options = {
    'train_cfg.max_iters': _steps,
    'train_cfg.val_interval': _steps // 6,
    'param_scheduler.1.milestones': [_steps * 85 // 100, _steps * 95 // 100],
}
