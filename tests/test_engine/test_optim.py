"""Parameter groups and learning rates against the golden values."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope

from mmremax.engine.optim import WarmupPolyLR
from tests.golden import load_case
from tests.helpers.meta import build_on_meta
from tests.helpers.model_fixture import CONFIGS, build_model


def wrapper_config(**paramwise):
    path = CONFIGS / '_base_/schedules/kmax_150k.py'
    config = Config.fromfile(path).optim_wrapper
    config.paramwise_cfg.update(paramwise)
    return config


@pytest.mark.parametrize(
    ('name', 'short'), [('r50', 'r50'), ('convnext_tiny', 'convnext-t')]
)
def test_golden_groups(name, short):
    expected = load_case('solver.parameter_groups')['expected'][f'coco_{name}']
    init_default_scope('mmdet')
    config = Config.fromfile(CONFIGS / f'kmax/kmax_{short}_coco.py')
    del config.model.backbone.init_cfg
    model = build_on_meta(config).requires_grad_(True)
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


def test_a_rule_that_does_nothing_is_an_error():
    """Clipping is off by default, as ReMaX claims."""
    assert wrapper_config().get('clip_grad') is None
    model = build_model()
    for text, rules in dict(
        nothing=dict(no_decay=('relative_', 'nothing')),
        backbon3=dict(lr_mult=dict(backbon3=0.1)),
        custom_keys=dict(custom_keys={}),
    ).items():
        with pytest.raises(ValueError, match=text):
            build_optim_wrapper(model, wrapper_config(**rules))


def test_the_longest_prefix_of_a_name_decides():
    """Also where it comes first; what is frozen is left out."""
    init_default_scope('mmdet')
    linear = torch.nn.Linear
    inner = torch.nn.ModuleDict(dict(stem=linear(2, 2), other=linear(2, 2)))
    model = torch.nn.ModuleDict(dict(backbone=inner, head=linear(2, 2)))
    model.head.bias.requires_grad_(False)
    rules = {'backbone.stem': 0.5, 'backbone': 0.1}
    config = wrapper_config(lr_mult=rules, no_decay=('other.weight',))
    groups = build_optim_wrapper(model, config).optimizer.param_groups
    found = {
        id(parameter): (group['lr'] / 5e-4, group['weight_decay'])
        for group in groups
        for parameter in group['params']
    }
    assert {
        name: pytest.approx(found[id(parameter)])
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    } == {
        'backbone.stem.weight': (0.5, 0.05),
        'backbone.stem.bias': (0.5, 0),
        'backbone.other.weight': (0.1, 0),
        'backbone.other.bias': (0.1, 0),
        'head.weight': (1, 0.05),
    }
    assert id(model.head.bias) not in found


def two_groups(lr):
    groups = [
        dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=lr * mult)
        for mult in (1, 0.1)
    ]
    return torch.optim.AdamW(groups, lr=lr)


@pytest.mark.parametrize(
    ('data_set', 'lr', 'end'),
    [
        ('coco', 5e-4, 150000),
        ('cityscapes', 3e-4, 60000),
        ('ade20k', 5e-4, 100000),
    ],
)
def test_golden(data_set, lr, end):
    expected = load_case('solver.learning_rate')['expected']
    scheduler = WarmupPolyLR(two_groups(lr), end=end)
    for step, value in expected[f'lr_{data_set}'].items():
        ours = lr * scheduler.factor(int(step))
        assert ours == pytest.approx(value, rel=1e-6), step


def test_steps_set_every_group():
    optim = two_groups(1.0)
    scheduler = PARAM_SCHEDULERS.build(
        dict(type='WarmupPolyLR', optimizer=optim, end=10, warmup=4)
    )
    seen = []
    for _ in range(10):
        seen.append([group['lr'] for group in optim.param_groups])
        optim.step()
        scheduler.step()
    assert seen[0] == pytest.approx([0.001, 0.0001])
    assert seen[2] == pytest.approx([0.5005, 0.05005])
    assert seen[4] == pytest.approx([0.6**0.9, 0.1 * 0.6**0.9])
    assert seen[9] == pytest.approx([0.1**0.9, 0.1 * 0.1**0.9])
