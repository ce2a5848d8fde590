import copy

import pytest
import torch
from mmdet.registry import MODELS
from torch import nn


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


def test_init_weights_keeps_the_values():
    decoder = small_decoder()
    before = copy.deepcopy(decoder.state_dict())
    decoder.init_weights()
    for key, value in decoder.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def test_works_as_sync_batch_norm_in_one_process():
    decoder = small_decoder(drop_path_rate=0.0)
    state = decoder.state_dict()
    memories, mask_feature = inputs()
    torch.manual_seed(1)
    wanted = decoder(memories, mask_feature)[-1].mask_logits
    other = small_decoder(drop_path_rate=0.0)
    other.load_state_dict(state)
    other = nn.SyncBatchNorm.convert_sync_batchnorm(other)
    actual = other(memories, mask_feature)[-1].mask_logits
    torch.testing.assert_close(actual, wanted)
