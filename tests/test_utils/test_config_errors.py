"""What a config raises, when it is read or built, is one line."""

import pytest
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner

from mmremax.utils.config_edits import ConfigKeyError
from mmremax.utils.config_errors import ConfigError, building, reading
from mmremax.utils.config_keys import check_keys, require
from mmremax.utils.migration import read_config
from mmremax_runtime.errors import InputError
from tests.helpers.toy import toy_config


class Broken:
    def __init__(self) -> None:
        _ = 1 / 0


@pytest.mark.parametrize(
    ('code', 'text'),
    [
        (b'\n1 / 0', r'ZeroDivisionError: .* \(.*x.py, line 2\)$'),
        (b'a = (', 'SyntaxError'),
        (b'\xff\x00', 'UnicodeDecodeError'),
        (b'_base_ = "x.py"', 'RecursionError'),
    ],
)
def test_reading(tmp_path, code, text):
    path = tmp_path / 'x.py'
    path.write_bytes(code)
    with pytest.raises(ConfigError, match=f'x.py cannot be read: .*{text}'):
        read_config(path)


def test_building_is_one_line_and_the_rest_is_not():
    for kind, text in (('None', 'not in the'), ('KMaXDeepLab', 'KMaXDeep')):
        with pytest.raises(ConfigError, match=f'be built: .*{text}') as error:
            with building():
                MODELS.build(dict(type=kind, _scope_='mmdet', strange=1))
        assert '\n' not in str(error.value)
    with pytest.raises(ConfigError, match=r'test_config_errors.py, line \d'):
        with building():
            MODELS.build(dict(type=Broken))
    with pytest.raises(ZeroDivisionError), building():
        _ = 1 / 0
    with pytest.raises(InputError, match='^own line$'), reading('a'):
        raise InputError('own line')


@pytest.mark.parametrize('value', [0, 'x', 1.5, True])
def test_counts_are_whole_numbers(value):
    cfg = Config(dict(train_cfg=dict(max_iters=value)))
    with pytest.raises(InputError, match='max_iters is .* whole number'):
        check_keys(cfg)


def test_an_optimizer_is_known():
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamX'))
    with pytest.raises(InputError, match='no optimizer AdamX. Did .* Adam'):
        check_keys(Config(dict(optim_wrapper=wrapper)))


def test_a_config_is_whole():
    with pytest.raises(InputError, match='lacks model, train_cfg'):
        require(Config(dict(model={}, a=1)), 'model', 'train_cfg', 'a')


@pytest.mark.parametrize(
    ('key', 'value', 'what'),
    [
        ('test_dataloader', 7, 'a dict'),
        ('train_dataloader.dataset', 'x', 'a dict'),
        ('default_hooks.checkpoint.interval', 'x', 'a whole number'),
        ('optim_wrapper.clip_grad.max_norm', -1, 'a number above 0'),
        ('load_from', 7, 'a text'),
        ('test_dataloader.dataset.pipeline', [], 'a list of steps'),
        ('model.panoptic_head.num_queries', 0, 'a whole number from 1'),
        ('custom_hooks', ['a'], 'a list of dicts with a type'),
    ],
)
def test_values_of_another_kind_are_named(key, value, what):
    cfg = Config()
    cfg.merge_from_dict({key: value})
    with pytest.raises(ConfigKeyError, match=f'{key} is .*should be {what}'):
        check_keys(cfg)


@pytest.mark.parametrize(
    'key', [dict(param_scheduler=7), dict(randomness=dict(seed=-1))]
)
def test_what_the_runner_refuses_is_one_line(key, tmp_path):
    cfg = Config.fromfile(toy_config(tmp_path))
    cfg.merge_from_dict(key)
    with pytest.raises(ConfigError, match='cannot be built'), building():
        Runner.from_cfg(cfg)


def test_a_key_that_a_tool_needs_is_named():
    with (
        pytest.raises(ConfigError, match='The config lacks crop_size: '),
        building(),
    ):
        Config(dict(model=dict())).model.crop_size  # noqa: B018
