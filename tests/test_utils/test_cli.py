import argparse
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmremax.utils import cli
from mmremax.utils.resume import resume_from
from tests.helpers.toy import toy_config


def load(*arguments: object) -> Config:
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    cli.add_common_arguments(parser)
    return cli.load_config(parser.parse_args(list(map(str, arguments))))


def test_common_options_reach_the_config(tmp_path):
    options = '--work-dir w --data-root d --cfg-options train_cfg.max_iters=3'
    cfg = load(toy_config(tmp_path), *options.split())
    assert cfg.work_dir == 'w'
    assert cfg.train_dataloader.dataset.data_root == 'd'
    assert cfg.train_cfg.max_iters == 3
    assert cfg.launcher == 'none'


def test_an_option_without_value_is_one_line(capsys):
    for text in ('foo', '=3'):
        with pytest.raises(SystemExit):
            load('a.py', '--cfg-options', text)
        assert (
            f'--cfg-options {text}: give KEY=VALUE' in capsys.readouterr().err
        )


def test_work_dir_is_named_after_the_config(tmp_path):
    path = tmp_path / 'remax_r50_coco.py'
    path.write_text('model = dict()')
    cfg = load(path)
    assert cfg.work_dir == 'work_dirs/remax_r50_coco'


def test_config_is_found_by_name_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = load('remax_r50_coco')
    assert cfg.model.type == 'KMaXDeepLab'
    assert cfg.work_dir == 'work_dirs/remax_r50_coco'


def test_errors_are_one_line(tmp_path):
    with pytest.raises(SystemExit, match='no config .*: neither a file'):
        load(tmp_path / 'none.py')
    misspelt = (toy_config(tmp_path), '--cfg-options', 'modle.a=1')
    with pytest.raises(SystemExit, match='Did you mean model'):
        load(*misspelt)
    bare = tmp_path / 'weights.pth'
    torch.save(dict(state_dict={}, meta={}), bare)
    with pytest.raises(SystemExit, match='load_from'):
        resume_from(Config(dict()), str(bare))


@pytest.mark.skipif(torch.cuda.is_available(), reason='about the CPU')
def test_amp_on_the_cpu_says_what_it_does(capsys):
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    cli.use_amp(cfg)
    assert cfg.optim_wrapper.type == 'CPUAmpOptimWrapper'
    assert 'bfloat16 autocast' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='needs CUDA'):
        cli.use_amp(cfg, 'float16')


def test_amp_on_cuda_is_mmengines(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    cli.use_amp(cfg)
    assert cfg.optim_wrapper == dict(
        type='AmpOptimWrapper', loss_scale='dynamic', dtype='float16'
    )


def test_scaling_counts_accumulated_batches():
    scaling = dict(enable=False, base_batch_size=64)
    optim_wrapper = dict(accumulative_counts=4)
    cfg = Config(dict(auto_scale_lr=scaling, optim_wrapper=optim_wrapper))
    cli.scale_learning_rate(cfg)
    assert cfg.auto_scale_lr == dict(enable=True, base_batch_size=16)
    with pytest.raises(SystemExit, match='base_batch_size'):
        cli.scale_learning_rate(Config(dict()))


def test_data_and_names():
    parts = [
        dict(ann_file='a', data_root='r'),
        dict(data_prefix=dict(seg='s')),
    ]
    cfg = Config(dict(test_dataloader=dict(dataset=dict(datasets=parts))))
    assert cli.data_of(cfg, 'test') == [Path('r/a'), Path('s')]
    assert cli.names_of(['x/a.py', 'b']) == ['a', 'b']
    assert cli.names_of(['x/a.py', 'y/a.py']) == ['x/a.py', 'y/a.py']
