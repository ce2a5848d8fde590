import io
import pickle

import numpy as np
import pytest
import torch

from mmremax.kmax.published_weights import (
    check_state_dict,
    convert_kmax_key,
    convert_kmax_state_dict,
    load_published,
)
from tests.golden import golden_fill, manifest


@pytest.mark.parametrize(
    'model',
    ['coco_r50', 'coco_convnext_tiny', 'ade_r50', 'cityscapes_convnext_tiny'],
)
def test_every_published_key_has_one_name(model):
    keys = manifest(model)
    names = {convert_kmax_key(key) for key in keys}
    assert None not in names
    assert len(names) == len(keys)


@pytest.mark.parametrize(
    ('published', 'ours'),
    [
        ('backbone.stem.conv1.norm.bias', 'backbone.bn1.bias'),
        (
            'backbone.res3.0.shortcut.norm.weight',
            'backbone.layer2.0.downsample.1.weight',
        ),
        (
            'backbone.res5.2.conv3.weight',
            'backbone.layer4.2.conv3.weight',
        ),
        (
            'sem_seg_head.predictor._cluster_centers.weight',
            'panoptic_head.transformer_decoder.query_feat',
        ),
        (
            'backbone.stages.0.1.dwconv.weight',
            'backbone.stages.0.1.depthwise_conv.weight',
        ),
        (
            'backbone.stages.3.2.pwconv2.bias',
            'backbone.stages.3.2.pointwise_conv2.bias',
        ),
        ('backbone.stages.0.0.gamma', 'backbone.stages.0.0.gamma'),
        (
            'backbone.downsample_layers.1.0.bias',
            'backbone.downsample_layers.1.0.bias',
        ),
        (
            'sem_seg_head.predictor._auxiliary_semantic_predictor.2.conv.bias',
            'panoptic_head.auxiliary_semantic_head.classifier.bias',
        ),
        (
            'sem_seg_head.predictor._auxiliary_semantic_predictor.0.norm.bias',
            'panoptic_head.auxiliary_semantic_head.separable.depthwise.norm'
            '.bias',
        ),
        ('backbone.blocks.0.0.weight', None),
        ('backbone.stem.conv1.normal', None),
    ],
)
def test_keys(published, ours):
    assert convert_kmax_key(published) == ours


def test_values_are_kept():
    key = 'backbone.stem.conv1.norm.running_var'
    value = np.arange(3, dtype=np.float32)
    converted = convert_kmax_state_dict({key: value})
    assert converted['backbone.bn1.running_var'].tolist() == [0, 1, 2]


def test_unknown_keys_are_named_together():
    state_dict = {'backbone.alpha': torch.ones(1), 'ema.x': torch.ones(1)}
    with pytest.raises(ValueError, match='backbone.alpha, ema.x'):
        convert_kmax_state_dict(state_dict)


def test_all_misfits_are_named_together():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    state_dict = model.state_dict()
    del state_dict['1.weight']
    state_dict['0.bias'] = torch.zeros(5)
    state_dict['extra'] = torch.zeros(1)
    with pytest.raises(ValueError, match='Missing keys: 1.weight') as error:
        check_state_dict(state_dict, model)
    assert 'Unknown keys: extra' in str(error.value)
    assert '0.bias (5,) instead of (3,)' in str(error.value)


def test_step_counters_may_be_missing():
    norm = torch.nn.BatchNorm1d(2)
    state_dict = norm.state_dict()
    del state_dict['num_batches_tracked']
    check_state_dict(state_dict, norm)


STATE = {'backbone.stem.conv1.weight': golden_fill('a', (2, 3, 1, 1))}


def pickled(content):
    return pickle.dumps(content)


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def as_numpy(state):
    return {key: value.numpy() for key, value in state.items()}


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('a.pth', saved({'model': STATE, 'iteration': 7})),
        ('a.pth', saved(STATE)),
        ('a.pkl', saved(STATE)),
        ('a.pkl', pickled(STATE)),
        ('a.pkl', pickled({'model': as_numpy(STATE), '__author__': 'x'})),
        ('a.pkl', pickle.dumps(as_numpy(STATE), protocol=2)),
    ],
)
def test_file_kinds(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    state = convert_kmax_state_dict(load_published(tmp_path / name))
    torch.testing.assert_close(
        state['backbone.conv1.weight'], STATE['backbone.stem.conv1.weight']
    )


class Evil:
    def __reduce__(self):
        return print, ('this must not run',)


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('a.pkl', pickled({'model': Evil()})),
        ('a.pth', saved({'model': Evil()})),
        ('a.pkl', b'broken'),
        ('a.pkl', pickled(STATE)[:-40]),
    ],
)
def test_unsafe_and_broken_files_are_refused(tmp_path, capsys, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RuntimeError, match=name):
        load_published(tmp_path / name)
    assert 'must not run' not in capsys.readouterr().out


def test_files_without_parameters_are_refused(tmp_path):
    (tmp_path / 'a.pkl').write_bytes(pickled([1, 2]))
    with pytest.raises(ValueError, match='no parameters'):
        load_published(tmp_path / 'a.pkl')
