"""The published class orders against the converted data sets' labels."""

import torch

from mmremax.kmax.class_order import (
    PUBLISHED_ORDERS,
    put_things_first,
)


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
    return {
        f'{decoder}predictor.class_head.weight': torch.arange(
            num_classes + 1.0
        )[:, None, None],
        f'{decoder}layers.0.predictor.class_head.bias': torch.arange(
            num_classes + 1.0
        ),
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
