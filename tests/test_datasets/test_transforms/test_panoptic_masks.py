"""PanopticMapToMasks: what becomes a mask, and what is void."""

import numpy as np
from mmdet.datasets.transforms import PackDetInputs

from mmremax.datasets.transforms import PanopticMapToMasks

TABLE = [
    dict(id=1, category=0, is_thing=True, iscrowd=False),
    dict(id=2, category=4, is_thing=False, iscrowd=False),
    dict(id=3, category=1, is_thing=True, iscrowd=False),
    dict(id=4, category=2, is_thing=True, iscrowd=False),  # cropped away
    dict(id=5, category=0, is_thing=True, iscrowd=True),
]
IDS = np.array([[1, 1, 2], [0, 3, 2], [5, 3, 2]], np.int16)


def results():
    return dict(
        img=np.zeros((3, 3, 3), np.uint8),
        gt_seg_map=IDS.copy(),
        segments_info=TABLE,
    )


def test_things_stuff_and_void():
    found = PanopticMapToMasks()(results())
    assert found['gt_seg_map'].tolist() == [
        [0, 0, 4],
        [255, 1, 4],
        [255, 1, 4],
    ]
    assert found['gt_bboxes_labels'].tolist() == [0, 1]
    masks = found['gt_masks'].masks
    assert np.array_equal(masks, np.stack([IDS == 1, IDS == 3]))


def test_mmdet_packs_it():
    packed = PackDetInputs(meta_keys=())(PanopticMapToMasks()(results()))
    sample = packed['data_samples']
    assert sample.gt_instances.labels.tolist() == [0, 1]
    assert len(sample.gt_instances.masks) == 2
    assert sample.gt_sem_seg.sem_seg.shape == (1, 3, 3)


def test_nothing_labelled():
    empty = results()
    empty['gt_seg_map'][:] = 0
    found = PanopticMapToMasks()(empty)
    assert (found['gt_seg_map'] == 255).all()
    assert found['gt_masks'].masks.shape == (0, 3, 3)
    packed = PackDetInputs(meta_keys=())(found)
    assert packed['data_samples'].gt_instances.labels.shape == (0,)
