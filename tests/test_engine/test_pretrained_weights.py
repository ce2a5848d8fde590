"""Strict initial weights: the right file loads, all others are named."""

import pytest
import torch
from mmdet.registry import MODELS
from mmpretrain.models import MobileNetV3

from mmremax.engine.pretrained_weights import PretrainedWeights


@pytest.fixture
def checkpoint(tmp_path):
    """A classifier's file, as mmpretrain writes them."""
    theirs = MobileNetV3('small')
    theirs.init_weights()
    torch.nn.init.constant_(theirs.layer1.linear_conv.conv.weight, 0.5)
    state_dict = {f'backbone.{k}': v for k, v in theirs.state_dict().items()}
    state_dict['head.fc.weight'] = torch.zeros(1000, 8)
    path = tmp_path / 'mnv3.pth'
    torch.save(dict(meta={}, state_dict=state_dict), path)
    return path


def build(path, **backbone):
    init = dict(
        type='Pretrained',
        checkpoint=str(path),
        prefix='backbone.',
        strict=True,
    )
    config = dict(type='KMaXMobileNetV3', init_cfg=init)
    model = MODELS.build({**config, **backbone})
    model.init_weights()
    return model


def test_the_right_file_loads_and_stays(checkpoint):
    """The blocks' own initialisation comes before it."""
    loaded = torch.load(checkpoint, weights_only=True)['state_dict']
    for name, value in build(checkpoint).state_dict().items():
        torch.testing.assert_close(value, loaded[f'backbone.{name}'])


def test_a_file_of_another_network_is_refused(checkpoint):
    with pytest.raises(ValueError, match=r'mnv3.pth.*Missing keys') as error:
        build(checkpoint, arch='large')
    assert '--no-pretrained' in str(error.value)


def test_a_file_without_the_prefix_is_refused(tmp_path):
    torch.save(dict(state_dict={'a': torch.ones(1)}), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a.pth.*Missing keys'):
        build(tmp_path / 'a.pth')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RuntimeError, match=r'none.pth.*--no-pretrained'):
        build(tmp_path / 'none.pth')


def test_an_unreachable_server_is_named():
    with pytest.raises(RuntimeError, match=r'127.0.0.1.*--no-pretrained'):
        build('http://127.0.0.1:1/weights.pth')


def test_without_strict_it_is_mmengines(checkpoint):
    """Which only logs what is missing."""
    module = torch.nn.Sequential(torch.nn.Linear(2, 2))
    PretrainedWeights(str(checkpoint), prefix='backbone.')(module)
