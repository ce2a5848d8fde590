"""Strict initial weights: the right file loads, all others are named."""

import re

import pytest
import torch
from mmdet.registry import MODELS

import mmremax  # noqa: F401
from mmremax.utils.migration import read_config
from tests.helpers.model_fixture import CONFIGS

MOBILENET = dict(type='KMaXMobileNetV3', arch='small')
# mmpretrain sets the last norms to zero after loading, unless `init_cfg` is
# of a type of the name 'Pretrained'.
RESNET = dict(type='mmpretrain.ResNet', depth=18, zero_init_residual=True)


def save(path, backbone) -> dict:
    """Write a classifier's file, as mmpretrain does."""
    weights = {
        f'backbone.{key}': torch.full_like(value, 0.5)
        for key, value in MODELS.build(backbone).state_dict().items()
    }
    weights['head.fc.weight'] = torch.zeros(1000, 8)
    torch.save(dict(meta={}, state_dict=weights), path)
    return weights


def build(path, **backbone):
    init = dict(type='Pretrained', _scope_='mmremax', prefix='backbone.')
    init['checkpoint'] = str(path)
    model = MODELS.build(dict(init_cfg=init, **backbone))
    model.init_weights()
    return model


@pytest.mark.parametrize('backbone', [MOBILENET, RESNET])
def test_the_right_file_loads_and_nothing_overwrites_it(tmp_path, backbone):
    """Neither the parts' own initialisation nor the backbone's."""
    weights = save(tmp_path / 'a.pth', backbone)
    model = build(tmp_path / 'a.pth', **backbone)
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[f'backbone.{name}']), name


def test_a_file_of_another_network_is_refused(tmp_path):
    save(tmp_path / 'a.pth', MOBILENET)
    with pytest.raises(RuntimeError, match=r'a.pth .*Missing keys') as error:
        build(tmp_path / 'a.pth', **MOBILENET | dict(arch='large'))
    assert '--no-pretrained' in str(error.value)
    # Nothing has the prefix.
    torch.save(dict(state_dict={'a': torch.ones(1)}), tmp_path / 'a.pth')
    with pytest.raises(RuntimeError, match=r'a.pth .*Missing keys'):
        build(tmp_path / 'a.pth', **MOBILENET)


def test_a_source_that_cannot_be_read_is_named():
    for source in ('nowhere/none.pth', 'http://127.0.0.1:1/none.pth'):
        with pytest.raises(RuntimeError, match=f'{source}.*--no-pretrained'):
            build(source, **MOBILENET)


def test_a_missing_file_names_the_command_that_makes_it():
    config = read_config(CONFIGS / 'small/kmax_lite0_nuclei.py')
    init = dict(config.model.backbone.init_cfg, checkpoint='nowhere/none.pth')
    backbone = MODELS.build(dict(config.model.backbone, init_cfg=init))
    with pytest.raises(RuntimeError, match='none.pth') as error:
        backbone.init_weights()
    for part in re.findall(r'\S+/\S+', init['made_by']):
        assert part in str(error.value)
        assert (CONFIGS.parent / part).is_file()
