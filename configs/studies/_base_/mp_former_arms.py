"""The arms of the studies mp_former_{camvid,nuclei}.py.

Half and full length are trainings of their own, each with the whole schedule.
"""

claim = (
    'Mask-piloted training scores higher than Mask2Former, with half of the '
    'iterations too.'
)
paper = 'MP-Former, abstract'
baseline = 'full_mask2former'

_lengths = dict(half=400, full=800)  # steps
_methods = {'mask2former': 'Mask2Former', 'mp-former': 'MP-Former'}


def _steps(number: int) -> dict:
    return {
        'train_cfg.max_iters': number,
        'train_cfg.val_interval': number,
        'param_scheduler.1.milestones': [
            number * 85 // 100,
            number * 95 // 100,
        ],
    }


def arms_of(data: str, **lengths: int) -> dict[str, dict]:
    """Name the configs of one data set; further lengths in steps."""
    return {
        f'{length}_{method}': dict(
            title=f'{title}, {number} steps',
            config=f'../small/{method}_lite0_{data}.py',
            options=_steps(number),
        )
        for length, number in (_lengths | lengths).items()
        for method, title in _methods.items()
    }
