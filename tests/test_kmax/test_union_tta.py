"""The union of views by hand; a single view stays as it is."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData
from torch import nn

from mmremax.kmax import KMaXFusionHead, UnionTTAModel
from tests.helpers.fusion_fixture import predict, sample
from tests.helpers.fusion_oracle import random_case

VOID = 6  # of three things and three stuff classes
CAT, DOG, SKY, SEA = 0, 1, 3, 4


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.panoptic_fusion_head = KMaXFusionHead(3, 3)

    test_step = None


@pytest.fixture
def tta() -> UnionTTAModel:
    return UnionTTAModel(Detector())


def view(ids: list[list[int]], scores: dict, flip=False) -> DetDataSample:
    sem_seg = torch.tensor([ids], dtype=torch.int32)
    table = [
        dict(id=i, label=i % 1000, score=s, area=int((sem_seg == i).sum()))
        for i, s in scores.items()
    ]
    return DetDataSample(
        metainfo=dict(img_id=7, flip=flip),
        pred_panoptic_seg=PixelData(
            metainfo=dict(segments=table),
            sem_seg=sem_seg.flip(-1) if flip else sem_seg,
        ),
        pred_instances=InstanceData(),
    )


def test_union_by_hand(tta):
    cat, dog = 1000 + CAT, 2000 + DOG
    plain = view(
        [
            [cat, cat, SKY, SKY, VOID, VOID],
            [cat, cat, SKY, SKY, VOID, VOID],
            [SKY, SKY, SKY, SKY, VOID, VOID],
        ],
        {SKY: 0.95, cat: 0.9},
    )
    # The cat again, one pixel wider; a dog in the sky; sea in the void, and
    # where the first view has sky.
    mirrored = view(
        [
            [cat, cat, cat, SKY, SEA, VOID],
            [cat, cat, SKY, dog, SEA, VOID],
            [SKY, SKY, SEA, dog, SEA, VOID],
        ],
        {SEA: 0.99, dog: 0.8, cat: 0.7, SKY: 0.5},
        flip=True,
    )
    (found,) = tta.merge_preds([[plain, mirrored]])
    expected = [
        [cat, cat, SKY, SKY, SEA, VOID],
        [cat, cat, SKY, dog, SEA, VOID],
        [SKY, SKY, SKY, dog, SEA, VOID],
    ]
    assert found.pred_panoptic_seg.sem_seg.tolist() == [expected]
    table = found.pred_panoptic_seg.metainfo['segments']
    assert table == [
        dict(id=cat, label=CAT, score=0.9, area=4),
        dict(id=dog, label=DOG, score=0.8, area=2),
        dict(id=SKY, label=SKY, score=0.95, area=6),
        dict(id=SEA, label=SEA, score=0.99, area=3),
    ]
    assert found.img_id == 7
    assert 'pred_instances' not in found


@pytest.mark.parametrize('free', [3, 4, 5])
def test_a_thing_writes_if_more_than_the_threshold_is_free(tta, free):
    ids = np.full((1, 5), 1000)
    taken = np.where(np.arange(5) < 5 - free, 1001, VOID)[None]
    views = [view(taken.tolist(), {1001: 0.9} if free < 5 else {})]
    views.append(view(ids.tolist(), {1000: 0.5}))
    (found,) = tta.merge_preds([views])
    left = VOID if free <= 4 else 1000  # 4 of 5 are not more than 0.8
    assert (found.pred_panoptic_seg.sem_seg[0, 0, 5 - free :] == left).all()


def test_one_view_is_the_plain_prediction(tta):
    for seed in range(5):
        size = (26, 34), (26, 33), (33, 33)
        case = random_case(seed)
        meta = sample(*size)
        meta.pred_panoptic_seg = predict(*case, meta, thing_threshold=0.5)[
            'pan_results'
        ]
        (found,) = tta.merge_preds([[meta]])
        one, same = meta.pred_panoptic_seg, found.pred_panoptic_seg
        assert len(one.metainfo['segments']) > 1
        assert torch.equal(one.sem_seg, same.sem_seg)
        assert one.sem_seg.dtype == same.sem_seg.dtype
        tables = [
            sorted(x.metainfo['segments'], key=lambda s: s['id'])
            for x in (one, same)
        ]
        assert tables[0] == tables[1]


def test_nothing_in_any_view(tta):
    views = [view([[VOID, VOID]], {}), view([[VOID, VOID]], {}, flip=True)]
    (found,) = tta.merge_preds([views])
    assert found.pred_panoptic_seg.sem_seg.tolist() == [[[VOID, VOID]]]
    assert found.pred_panoptic_seg.metainfo['segments'] == []
