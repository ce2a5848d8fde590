"""The transformer decoder, its layers and its predictor."""

import pytest
import torch
from mmdet.registry import MODELS
from torch.nn import functional as F

from mmremax.kmax.predictor import KMaXPredictor, no_object_bias
from mmremax.kmax.transformer_decoder import KMaXDecoderLayer
from tests.golden import R, assert_probe, load_case
from tests.golden.fill import fill_module

FIELDS = ('class_logits', 'mask_logits', 'pixel_feature')


def small_decoder(**kwargs):
    config = dict(
        type='KMaXTransformerDecoder',
        num_classes=5,
        memory_channels=(32, 16, 8),
        mask_feature_channels=8,
        num_queries=7,
        embed_dims=16,
        pixel_embed_dims=8,
        num_heads=4,
        ffn_channels=32,
    )
    return MODELS.build({**config, **kwargs})


def inputs(height=13, width=9):
    sizes = [(-(-height // s), -(-width // s)) for s in (8, 4, 2, 1)]
    *memories, mask_feature = (
        torch.randn(2, c, *size)
        for c, size in zip((32, 16, 8, 8), sizes, strict=True)
    )
    return memories, mask_feature


@pytest.mark.parametrize('num_layers', [(1, 1, 1), (2, 2, 2), (0, 1, 3)])
def test_outputs(num_layers):
    decoder = small_decoder(num_layers=num_layers)
    memories, mask_feature = inputs()
    predictions = decoder(memories, mask_feature)
    assert len(predictions) == decoder.num_outputs == sum(num_layers) + 1
    of_layer = [
        m for m, n in zip(memories, num_layers, strict=True) for _ in range(n)
    ]
    for prediction, feature in zip(
        predictions, [*of_layer, mask_feature], strict=True
    ):
        assert prediction.class_logits.shape == (2, 7, 6)
        assert prediction.mask_logits.shape == (2, 7, *feature.shape[2:])
        assert prediction.pixel_feature.shape == (2, 8, *feature.shape[2:])
    assert predictions[-1].key is None
    assert predictions[0].key.shape[1] == 16


def test_one_entry_for_each_memory():
    with pytest.raises(ValueError, match='num_layers'):
        small_decoder(num_layers=(2, 2))


def test_queries_start_apart():
    queries = small_decoder(num_queries=100, embed_dims=64).query_feat
    assert queries.shape == (64, 100)
    assert 1.9 < queries.abs().max() <= 2


@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_golden(mode):
    layer = KMaXDecoderLayer(32, num_classes=6, drop_path_rate=0.0)
    layer = fill_module(layer, 'module.transformer_layer_eval', 'layer')
    layer.train(mode == 'train')
    expected = load_case(f'module.transformer_layer_{mode}')['expected']
    query = R('query', (2, 256, 5)).requires_grad_()
    pixel = R('pixel', (2, 32, 4, 6)).requires_grad_()

    updated, prediction = layer(query, pixel)
    assert_probe(updated, expected['query_out'], name='query_out')
    for field in FIELDS:
        assert_probe(getattr(prediction, field), expected[field], name=field)
    assignment = prediction.mask_logits[0].argmax(0).flatten()
    assert assignment.tolist() == expected['assignment_image0']

    (updated * R('gradweight', updated.shape)).sum().backward()
    assert_probe(query.grad, expected['grad_query'], name='grad_query')
    assert_probe(pixel.grad, expected['grad_pixel'], name='grad_pixel')
    assert layer.predictor.mask_norm.weight.grad is None


def small_layer(**kwargs):
    return KMaXDecoderLayer(
        12,
        num_classes=3,
        embed_dims=16,
        pixel_embed_dims=8,
        num_heads=4,
        ffn_channels=32,
        **kwargs,
    )


def open_residual_branches(layer):
    for name, parameter in layer.named_parameters():
        if name.endswith('project.norm.weight'):
            torch.nn.init.ones_(parameter)


def test_residual_branches_start_as_nothing():
    layer = small_layer()
    gamma = {
        name: parameter.unique().tolist()
        for name, parameter in layer.named_parameters()
        if name.endswith('norm.weight')
    }
    zero = {name for name, values in gamma.items() if values == [0]}
    assert zero == {
        'cross_attention.project.norm.weight',
        'self_attention.project.norm.weight',
        'ffn.project.norm.weight',
    }
    assert gamma.pop('predictor.mask_norm.weight') == pytest.approx([0.1])
    assert all(values in ([0], [1]) for values in gamma.values())
    query, memory = torch.randn(2, 16, 6), torch.randn(2, 12, 5, 7)
    updated, _ = layer.eval()(query, memory)
    assert torch.equal(updated, F.gelu(F.gelu(query)))
    # Values, queries and keys: the standard deviation is that of a fan-in.
    for attention in (layer.cross_attention.value, layer.self_attention.qkv):
        largest = attention.conv.weight.abs().max()
        assert 1.5 * 16**-0.5 < largest <= 2 * 16**-0.5


def test_permuting_queries_permutes_all_outputs():
    layer = small_layer().double().eval()
    open_residual_branches(layer)
    query = torch.randn(2, 16, 6, dtype=torch.float64)
    memory = torch.randn(2, 12, 5, 7, dtype=torch.float64)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    updated, prediction = layer(query, memory)
    permuted, other = layer(query[..., order], memory)
    torch.testing.assert_close(permuted, updated[..., order])
    for field in ('class_logits', 'mask_logits'):
        wanted = getattr(prediction, field)[:, order]
        torch.testing.assert_close(getattr(other, field), wanted)


def test_predicts_from_the_query_it_gets():
    layer = small_layer(drop_path_rate=0.999).train()
    query, memory = torch.randn(2, 16, 6), torch.randn(2, 12, 5, 7)
    _, first = layer(query, memory)
    open_residual_branches(layer)
    _, second = layer(query, memory)
    torch.testing.assert_close(first.class_logits, second.class_logits)
    assert first.key.shape == (2, 16, 5, 7)


def test_drop_path_is_drawn_for_each_image():
    layer = small_layer(drop_path_rate=0.5).train()
    open_residual_branches(layer)
    query = torch.randn(1, 16, 6).expand(64, -1, -1)
    memory = torch.randn(1, 12, 5, 7).expand(64, -1, -1, -1)
    updated, _ = layer(query, memory)
    variants = torch.unique(updated.round(decimals=3), dim=0)
    assert len(variants) == 8  # three branches, each dropped or not


@pytest.mark.parametrize('mode', ['eval', 'train_batch_statistics'])
def test_predictor_golden(mode):
    predictor = KMaXPredictor(32, num_classes=6)
    predictor = fill_module(predictor, 'module.predictor_eval', 'pred')
    predictor.train(mode != 'eval')
    expected = load_case(f'module.predictor_{mode}')['expected']
    prediction = predictor(
        R('cls_emb', (2, 256, 5)),
        R('mask_emb', (2, 256, 5)),
        R('pix', (2, 32, 4, 6)),
    )
    for field in FIELDS:
        assert_probe(getattr(prediction, field), expected[field], name=field)
    for key in ('running_mean', 'running_var') if mode != 'eval' else ():
        value = predictor.mask_norm.get_buffer(key).item()
        assert value == pytest.approx(expected[f'{key}_after_mask_bn'])


def test_no_object_bias_golden():
    for logits, value in load_case('model.void_bias')['expected'].items():
        assert no_object_bias(int(logits) - 1) == pytest.approx(value)


def test_predictor_initial_values():
    predictor = KMaXPredictor(8, num_classes=4, embed_dims=16)
    state = predictor.state_dict()
    assert state['mask_norm.weight'].item() == pytest.approx(0.1)
    assert state['mask_head.norm.weight'].eq(1).all()
    assert state['pixel_head.project.norm.weight'].eq(1).all()
    for head in ('class_head', 'pixel_head.project.conv'):
        assert 0 < state[f'{head}.weight'].abs().max() <= 0.02
        assert state[f'{head}.bias'].eq(0).all()
    query = torch.zeros(1, 16, 3)
    prediction = predictor(query, query, torch.randn(1, 8, 2, 2))
    prob = prediction.class_logits.softmax(-1)
    torch.testing.assert_close(prob[..., -1], torch.full((1, 3), 0.9))
    assert not any('no_object' in key for key in state)


def test_pixel_feature_has_unit_length():
    predictor = KMaXPredictor(8, num_classes=4, embed_dims=16)
    query = torch.randn(2, 16, 3)
    with torch.autocast('cpu', torch.bfloat16):
        prediction = predictor(query, query, torch.randn(2, 8, 5, 4))
    length = prediction.pixel_feature.norm(dim=1)
    assert length.dtype == torch.float32
    torch.testing.assert_close(length, torch.ones_like(length))
