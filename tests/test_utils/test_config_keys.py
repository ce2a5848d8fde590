"""Keys that nothing reads are found before the first step."""

import pytest
from mmengine.config import Config

from mmremax.utils.config_edits import ConfigKeyError
from mmremax.utils.config_keys import check_keys
from tests.helpers.toy import toy_config


@pytest.mark.parametrize(
    ('key', 'nearest'),
    [
        ('optim_wraper', 'optim_wrapper'),
        ('custom_hook', 'custom_hooks'),
        ('resum', 'resume'),
        ('load_form', 'load_from'),
        ('default_hooks.checkpont', 'checkpoint'),
        ('default_hooks.checkpoint.max_keep_ckpt', 'max_keep_ckpts'),
        ('default_hooks.checkpoint.intervall', 'interval'),
        ('auto_scale_lr.base_batchsize', 'base_batch_size'),
        ('env_cfg.cudnn_benchmarks', 'cudnn_benchmark'),
        ('optim_wrapper.paramwise_cfg.norm_decay_mul', 'norm_decay_mult'),
        ('optim_wrapper.paramwise_cfg.custom_keys.layer.lr_mul', 'lr_mult'),
    ],
)
def test_a_misspelt_key_is_named_with_the_nearest(tmp_path, key, nearest):
    cfg = Config.fromfile(toy_config(tmp_path))
    check_keys(cfg)
    cfg.merge_from_dict({key: dict(interval=1)})
    with pytest.raises(ConfigKeyError) as error:
        check_keys(cfg)
    assert f'sets {key}, which nothing reads' in str(error.value)
    assert nearest in str(error.value)


def test_variables_and_own_hooks_stand(tmp_path):
    cfg = Config.fromfile(toy_config(tmp_path))
    cfg.max_iters, cfg.train_pipeline = 3, []
    cfg.default_hooks.mine = dict(type='IterTimerHook')
    cfg.default_hooks.checkpoint.priority = 'VERY_LOW'
    check_keys(cfg)
