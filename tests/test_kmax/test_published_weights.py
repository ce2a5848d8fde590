import io
import pickle

import pytest
import torch

from mmremax.kmax.published_weights import (
    PUBLISHED_ORDERS,
    convert_kmax_key,
    convert_kmax_state_dict,
    load_published,
    put_things_first,
)
from tests.golden import golden_fill

# All keys of whole networks: see test_golden_networks.py.
KEYS = """
backbone.stem.conv1.norm.bias -> backbone.bn1.bias
backbone.res3.0.shortcut.norm.weight -> backbone.layer2.0.downsample.1.weight
backbone.res5.2.conv3.weight -> backbone.layer4.2.conv3.weight
P._cluster_centers.weight -> panoptic_head.transformer_decoder.query_feat
backbone.stages.0.1.dwconv.weight -> backbone.stages.0.1.depthwise_conv.weight
backbone.stages.3.2.pwconv2.bias -> backbone.stages.3.2.pointwise_conv2.bias
backbone.stages.0.0.gamma -> backbone.stages.0.0.gamma
backbone.downsample_layers.1.0.bias -> backbone.downsample_layers.1.0.bias
P._auxiliary_semantic_predictor.2.conv.bias -> A.classifier.bias
P._auxiliary_semantic_predictor.0.norm.bias -> A.separable.depthwise.norm.bias
backbone.blocks.0.0.weight -> None
backbone.stem.conv1.normal -> None
"""


@pytest.mark.parametrize('line', KEYS.strip().splitlines())
def test_keys(line):
    line = line.replace('P.', 'sem_seg_head.predictor.')
    line = line.replace('A.', 'panoptic_head.auxiliary_semantic_head.')
    published, ours = line.split(' -> ')
    assert str(convert_kmax_key(published)) == ours


def test_unknown_keys_are_named_together():
    state_dict = {'backbone.alpha': torch.ones(1), 'ema.x': torch.ones(1)}
    with pytest.raises(ValueError, match='backbone.alpha, ema.x'):
        convert_kmax_state_dict(state_dict)


STATE = {'backbone.stem.conv1.weight': golden_fill('a', (2, 3, 1, 1))}


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
        ('a.pkl', pickle.dumps(STATE)),
        ('a.pkl', pickle.dumps({'model': as_numpy(STATE), '__author__': 'x'})),
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
    ('name', 'content', 'error', 'message'),
    [
        ('a.pkl', pickle.dumps({'model': Evil()}), RuntimeError, 'a.pkl'),
        ('a.pth', saved({'model': Evil()}), RuntimeError, 'a.pth'),
        ('a.pkl', b'broken', RuntimeError, 'a.pkl'),
        ('a.pkl', pickle.dumps(STATE)[:-40], RuntimeError, 'a.pkl'),
        ('a.pkl', pickle.dumps([1, 2]), ValueError, 'is a list, not a dict'),
    ],
)
def test_bad_files_are_refused(
    tmp_path, capsys, name, content, error, message
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        load_published(tmp_path / name)
    assert 'must not run' not in capsys.readouterr().out


def test_orders_are_permutations_with_things_first():
    cityscapes, ade20k = PUBLISHED_ORDERS[19], PUBLISHED_ORDERS[150]
    assert sorted(cityscapes) == list(range(19))
    assert sorted(ade20k) == list(range(150))
    assert cityscapes[:8] == tuple(range(11, 19))  # person to bicycle
    assert ade20k[:3] == (7, 8, 10)  # bed, windowpane, cabinet
    assert ade20k[100:103] == (0, 1, 2)  # wall, building, sky
    assert list(ade20k[:100]) == sorted(ade20k[:100])


def state(num_classes, num_semantic):
    decoder = 'panoptic_head.transformer_decoder.'
    head = 'panoptic_head.auxiliary_semantic_head.'
    rows = torch.arange(num_classes + 1.0)
    return {
        f'{decoder}predictor.class_head.weight': rows[:, None, None],
        f'{decoder}layers.0.predictor.class_head.bias': rows,
        f'{head}classifier.bias': torch.arange(float(num_semantic)),
        f'{decoder}query_feat': torch.arange(19.0),
    }


def test_rows_move_and_void_stays_last():
    before = state(19, 19)
    weight, bias, semantic, query = put_things_first(before).values()
    assert weight.flatten().tolist() == [*PUBLISHED_ORDERS[19], 19]
    assert bias.tolist() == [*PUBLISHED_ORDERS[19], 19]
    assert semantic.tolist() == list(PUBLISHED_ORDERS[19])
    assert query.tolist() == list(range(19))
    *_, semantic, _ = put_things_first(state(150, 151)).values()
    assert semantic.tolist() == [*PUBLISHED_ORDERS[150], 150]


def test_cocos_order_is_ours():
    before = state(133, 134)
    for key, tensor in put_things_first(before).items():
        assert tensor is before[key]
    assert put_things_first({}) == {}
