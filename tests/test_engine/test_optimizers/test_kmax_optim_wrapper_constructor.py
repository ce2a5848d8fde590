"""Parameter groups against the golden sizes; bad keys."""

import pytest
from mmengine.optim import build_optim_wrapper

from mmremax.engine.optimizers import KMaXOptimWrapperConstructor
from tests.golden import load_case
from tests.model_fixture import CONFIGS, build_model


def wrapper_config(**paramwise):
    from mmengine.config import Config

    path = CONFIGS / '_base_/schedules/kmax_150k.py'
    config = Config.fromfile(path).optim_wrapper
    config.paramwise_cfg.update(paramwise)
    return config


def test_golden_groups():
    expected = load_case('solver.parameter_groups')['expected']['coco_r50']
    model = build_model(small=False)
    wrapper = build_optim_wrapper(model, wrapper_config())
    seen = {}
    for group in wrapper.optimizer.param_groups:
        mult = round(group['lr'] / 5e-4, 6)
        key = f'lr_mult={mult:g},weight_decay={group["weight_decay"]:g}'
        seen[key] = dict(
            tensors=len(group['params']),
            elements=sum(p.numel() for p in group['params']),
        )
    assert seen == expected


@pytest.mark.parametrize(
    ('rules', 'text'),
    [
        (dict(no_decay=('relative_', 'nothing')), 'nothing'),
        (dict(lr_mult=dict(backbon3=0.1)), 'backbon3'),
        (dict(custom_keys={}), 'custom_keys'),
    ],
)
def test_a_rule_that_does_nothing_is_an_error(rules, text):
    with pytest.raises(ValueError, match=text):
        build_optim_wrapper(build_model(), wrapper_config(**rules))


def test_is_registered():
    assert wrapper_config().constructor == KMaXOptimWrapperConstructor.__name__
