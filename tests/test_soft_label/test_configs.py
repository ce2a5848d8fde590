"""Every soft-label config trains a step and predicts, in reduced size."""

import argparse
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose, pseudo_collate
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import MODELS
from PIL import Image

from mmremax.soft_label.checks import check_model, check_pipeline
from mmremax.utils.config_edits import remove_pretrained
from mmremax.utils.migration import read_config

CONFIGS = Path(__file__).parents[2] / 'configs'
PATHS = [
    *sorted(CONFIGS.glob('soft_label/*.py')),
    *sorted(CONFIGS.glob('studies/soft_label/*.py')),
]
HEIGHT, WIDTH = 96, 128  # of the image
HRNET = {
    f'stage{k}': dict(
        num_modules=1, num_channels=(4, 8, 16, 32)[:k], num_blocks=(1,) * k
    )
    for k in (2, 3, 4)
}


def small(config):
    """Narrow the networks, shrink the sizes by 8; nothing else."""
    remove_pretrained(config)
    model = config.model
    model.data_preprocessor.size = (32, 64)
    heads = model.decode_head
    heads = heads if isinstance(heads, list) else [heads]
    if model.backbone.type == 'HRNet':
        model.backbone.extra = Config(model.backbone.extra)._cfg_dict
        model.backbone.extra.merge(HRNET)
        for head in heads:
            head.in_channels, head.channels = [4, 8, 16, 32], 16
        heads[1].ocr_channels = 8
    elif model.backbone.type == 'ResNetV1c':
        model.backbone.update(base_channels=8, stem_channels=8)
        heads[0].update(in_channels=256, c1_in_channels=32, channels=16)
        model.auxiliary_head.update(in_channels=128, channels=16)
    for step in config.train_pipeline:
        if step['type'] == 'RandomResize':
            step.scale = (WIDTH, HEIGHT)
        elif step['type'] == 'RandomCrop':
            step.crop_size = (32, 64)
    for step in config.test_pipeline:
        if step['type'] == 'Resize':
            step.scale = (64, 48)


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """A random image with labels in blocks; ADE's count from 1."""
    root = tmp_path_factory.mktemp('image')
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    label = rng.integers(0, 5, (HEIGHT // 4, WIDTH // 4)).astype(np.uint8)
    label = label.repeat(4, 0).repeat(4, 1)
    Image.fromarray(image).save(root / 'image.png')
    Image.fromarray(label).save(root / 'label.png')
    return root


def load(pipeline, files, zero):
    paths = [str(files / name) for name in ('image.png', 'label.png')]
    sample = dict(zip(('img_path', 'seg_map_path'), paths, strict=True))
    sample |= dict(label_map=None, reduce_zero_label=zero, seg_fields=[])
    return Compose(pipeline)(sample)


@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_one_step_and_one_prediction(path, files):
    config = read_config(path)
    assert 'mmremax' in config.custom_imports['imports']
    assert {h['type'] for h in config.custom_hooks} == {'SoftLabelCheckHook'}
    # What is changed here is what the data loaders read.
    for loader, name in (
        (config.train_dataloader, 'train_pipeline'),
        (config.val_dataloader, 'test_pipeline'),
        (config.test_dataloader, 'test_pipeline'),
    ):
        assert loader.dataset.pipeline == config[name]
    small(config)
    model = revert_sync_batchnorm(MODELS.build(config.model))
    zero = 'ade20k' in path.stem
    soft = check_pipeline(Compose(config.train_pipeline).transforms)
    assert soft == (not path.stem.endswith('_hard'))
    if soft:
        check_model(model)

    batch = [load(config.train_pipeline, files, zero) for _ in range(2)]
    model.train()
    data = model.data_preprocessor(pseudo_collate(batch), training=True)
    assert ('gt_soft_seg' in data['data_samples'][0]) == soft
    losses = model(**data, mode='loss')
    names = {name for name in losses if 'loss' in name}
    assert all(('soft_ce' in name) == soft for name in names)
    total = sum(losses[name] for name in names)
    assert total.isfinite()
    total.backward()

    model.eval()
    sample = pseudo_collate([load(config.test_pipeline, files, zero)])
    assert max(sample['inputs'][0].shape) < WIDTH
    with torch.no_grad():
        (result,) = model.test_step(sample)
    # Scores are those of the labels as they are on disk.
    for field in (result.pred_sem_seg, result.gt_sem_seg):
        assert field.shape == (HEIGHT, WIDTH)


def documented(kind):
    """Return the code blocks of one language in the README."""
    readme = (CONFIGS / 'soft_label/README.md').read_text()
    return re.findall(rf'```{kind}\n(.*?)```', readme, re.S)


def with_options(name, command):
    """Apply the --cfg-options of a documented command to a config."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    words = shlex.split(command.replace('\\\n', ''))
    options, _ = parser.parse_known_args(words)
    config = read_config(CONFIGS / f'soft_label/{name}.py')
    config.merge_from_dict(options.cfg_options)
    return config


def pipelines(config):
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    return [config[name].dataset.pipeline for name in loaders]


def test_documented_options_give_bilinear_labels():
    bilinear, _ = documented('bash')
    name = 'segformer_b0_cityscapes-quarter'
    given = pipelines(with_options(f'{name}_area', bilinear))
    path = CONFIGS / f'soft_label/{name}_bilinear.py'
    expected = pipelines(read_config(path))
    for step in [expected[0][2], expected[1][1], expected[2][1]]:
        step.interpolation = 'bilinear'  # the default, said
    assert given == expected


@pytest.mark.parametrize('label', ['hard', 'area'])
@pytest.mark.parametrize('network', ['deeplabv3plus_r50', 'ocrnet_hr48'])
def test_documented_options_give_another_reduction(network, label):
    _, quarter = documented('bash')
    config = with_options(f'{network}_cityscapes-half_{label}', quarter)
    overlay = read_config(CONFIGS / '_base_/overlays/cityscapes_quarter.py')
    assert config.model.data_preprocessor.size == overlay.reduced_crop
    train, test = overlay.reduced_train, overlay.reduced_test
    changed = (train, test, test)
    for pipeline, changes in zip(pipelines(config), changed, strict=True):
        steps = {step.type: step for step in pipeline}
        for kind, keys in changes.items():
            assert keys.items() <= steps[kind].items()


def test_the_documented_config_is_mmsegs_larger_network(tmp_path):
    (text,) = documented('python')
    path = tmp_path / 'segformer_b2.py'
    path.write_text(text.replace("'./", f"'{CONFIGS}/soft_label/"))
    backbone = read_config(path).model.backbone
    base = tmp_path / 'mmseg.py'
    name = 'segformer_mit-b2_8xb1-160k_cityscapes-1024x1024.py'
    base.write_text(f"_base_ = 'mmseg::segformer/{name}'")
    mmseg = read_config(base).model
    assert backbone == mmseg.backbone
    ours = read_config(path).model.decode_head
    assert ours.in_channels == mmseg.decode_head.in_channels
