"""The packed sample: label grid, masks, merged stuff, metainfo."""

import numpy as np
import torch
from mmdet.datasets.transforms import PackDetInputs

from mmremax.datasets import PackPanopticInputs, PanopticMapToMasks
from mmremax.datasets.transforms.formatting import segment_grid
from tests.helpers.tiny import row


def test_grid_follows_the_table_and_merges_stuff():
    grid = np.array([[9, 9, 4, 0], [2, 3, 4, 70000]])
    table = [row(70000, 5, False), row(3, 1, True), row(2, 1, True)]
    table.insert(2, row(8, 1, True))  # not on the grid
    table.append(row(9, 5, False))  # stuff of the class of 70000
    table.append(row(4, 0, False, crowd=1))
    labels, segment_map = segment_grid(grid, table)
    assert labels.tolist() == [5, 1, 1]
    assert segment_map.tolist() == [[0, 0, -1, -1], [2, 1, -1, 0]]
    assert (labels.dtype, segment_map.dtype) == (np.int64, np.int16)


def test_no_segment_and_more_than_a_byte_holds():
    for segment_id in (0, 1):
        labels, segment_map = segment_grid(np.full((2, 3), segment_id), [])
        assert labels.shape == (0,)
        assert (segment_map == -1).all()
    grid = np.arange(1, 701).reshape(20, 35)
    table = [row(i, 3, True) for i in range(700, 0, -1)]
    labels, segment_map = segment_grid(grid, table)
    assert len(labels) == 700
    assert (segment_map == 700 - grid).all()


def test_training_sample_as_the_model_reads_it():
    ids = np.zeros((10, 13), np.int32)
    ids[8, 12] = ids[4, 4] = 6
    ids[1:4] = 5  # between the cells
    image = np.arange(390, dtype=np.uint8).reshape(10, 13, 3)
    meta = dict(img_id=3, img_path='a.jpg', sample_idx=0, num_discarded=2)
    meta |= dict(ori_shape=(20, 26), img_shape=(10, 13))
    meta |= dict(scale_factor=(0.5, 0.5), flip=True)
    results = dict(
        img=image[:, ::-1],
        gt_seg_map=ids,
        segments_info=[row(5, 0, True), row(6, 1, True)],
        seg_map_path='a.png',
        rng=None,
    )
    packed = PackPanopticInputs(label_stride=4)(results | meta)
    assert packed['inputs'].shape == (3, 10, 13)
    assert packed['inputs'].dtype == torch.uint8
    assert packed['inputs'].is_contiguous()
    assert (packed['inputs'][1].numpy() == image[:, ::-1, 1]).all()
    sample = packed['data_samples']
    assert sample.gt_segments.labels.tolist() == [1]
    assert sample.gt_segment_map.data.dtype == torch.int16
    assert sample.gt_segment_map.data.tolist() == [
        [[-1, -1, -1, -1], [-1, 0, -1, -1], [-1, -1, -1, 0]]
    ]
    assert dict(sample.metainfo_items()) == meta | dict(num_off_grid=1)


def test_test_sample_carries_the_ground_truth_for_the_metric():
    table = [row(5, 0, True)]
    results = dict(
        img=np.zeros((4, 4, 3), np.uint8),
        img_id=3,
        ori_shape=(8, 8),
        seg_map_path='a.png',
        segments_info=table,
    )
    sample = PackPanopticInputs()(results)['data_samples']
    assert sample.seg_map_path == 'a.png'
    assert sample.segments_info == table
    assert 'gt_segments' not in sample


def test_soft_target_packs_the_class_of_every_pixel():
    ids = np.zeros((6, 5), np.int32)
    ids[1:3], ids[4, 4], ids[5] = 7, 8, 9
    crowd = row(9, 1, True, crowd=1)
    results = dict(
        img=np.zeros((6, 5, 3), np.uint8),
        gt_seg_map=ids,
        segments_info=[row(7, 3, True), row(8, 0, False), crowd],
    )
    packed = PackPanopticInputs(semantic_target='soft').transform(results)
    classes = packed['data_samples'].gt_sem_seg.sem_seg
    expected = np.full((1, 6, 5), 255)
    expected[0, 1:3], expected[0, 4, 4] = 3, 0
    assert (classes.numpy() == expected).all()
    assert classes.dtype == torch.uint8
    packed = PackPanopticInputs().transform(results)
    assert 'gt_sem_seg' not in packed['data_samples']


TABLE = [row(1, 0, True), row(2, 4, False), row(3, 1, True)]
TABLE += [row(4, 2, True), row(5, 0, True, crowd=1)]  # 4 is cropped away
IDS = np.array([[1, 1, 2], [0, 3, 2], [5, 3, 2]], np.int16)


def results():
    return dict(
        img=np.zeros((3, 3, 3), np.uint8),
        gt_seg_map=IDS.copy(),
        segments_info=TABLE,
    )


def test_mmdet_packs_things_stuff_and_void():
    found = PanopticMapToMasks()(results())
    expected = [[0, 0, 4], [255, 1, 4], [255, 1, 4]]
    assert found['gt_seg_map'].tolist() == expected
    assert found['gt_bboxes_labels'].tolist() == [0, 1]
    masks = found['gt_masks'].masks
    assert np.array_equal(masks, np.stack([IDS == 1, IDS == 3]))
    sample = PackDetInputs(meta_keys=())(found)['data_samples']
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
