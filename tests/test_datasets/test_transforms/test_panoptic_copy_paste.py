"""Merging against the published code; what is pasted, and what never."""

from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.dataset import worker_init_fn
from torch.utils.data import DataLoader

from mmremax.datasets import (
    PackPanopticInputs,
    PanopticCopyPaste,
    PanopticDataset,
    SeededInfiniteSampler,
)
from mmremax.datasets.transforms.panoptic_copy_paste import choose_segments
from mmremax.kmax.data_preprocessor import KMaXDataPreprocessor
from tests.golden import load_case
from tests.helpers.tiny import SEGMENTS, id_map, row, tiny_dataset, write_tiny


class FixedRng:
    """Takes image 1, leaves the order alone, keeps a given number."""

    def __init__(self, count: int) -> None:
        self.answers = [1, count]

    def integers(self, high: int, endpoint: bool = False) -> int:
        answer = self.answers.pop(0)
        assert 0 <= answer < high + endpoint
        return answer

    def permutation(self, count: int) -> np.ndarray:
        return np.arange(count)


def golden_main() -> dict:
    """28 rows of image; the four rows below are padding."""
    ids = np.full((28, 32), 2, np.int16)
    ids[:, :16] = 1
    ids[4:20, 4:14] = 3
    ids[20:26, 18:30] = 0  # the crowd
    ids[24:28, :8] = 0
    table = [row(1, 80, False), row(2, 90, False), row(3, 5, True)]
    return dict(
        img=np.full((28, 32, 3), 50, np.uint8),
        gt_seg_map=ids,
        segments_info=[*table, row(4, 7, False, crowd=1)],
        crop_size=(32, 32),
    )


def golden_other() -> dict:
    """20 columns of image."""
    ids = np.full((32, 20), 2, np.int16)
    ids[:16] = 1
    ids[8:16, 2:10] = 3
    ids[18:30, 10:18] = 4
    ids[0:4, 12:20] = 0  # the crowd
    table = [row(1, 90, False), row(2, 99, False), row(3, 5, True)]
    table += [row(4, 9, True), row(5, 3, False, crowd=1)]
    image = np.full((32, 20, 3), 200, np.uint8)
    return dict(img=image, gt_seg_map=ids, segments_info=table)


def mix(main: dict, other: dict, count: int, pipeline=()) -> dict:
    data = mock.MagicMock(**{'__len__.return_value': 2})
    data.get_data_info = lambda index: dict([None, other][index])
    paste = PanopticCopyPaste(pipeline)
    return paste(dict(main, rng=FixedRng(count), dataset=data))


@pytest.mark.parametrize('count', [0, 1, 4])
def test_merging_and_labels_equal_the_published_code(count):
    expected = load_case('data.panoptic_copy_paste')['expected']
    expected = expected[f'keep{count}']
    results = mix(golden_main(), golden_other(), count)
    real = results.get('real_pixels', np.ones(results['img_shape'], bool))
    assert real.sum() == expected['real_pixels']
    pasted = (results['img'] == 200).all(-1).sum()
    assert pasted == expected['pixels_from_paste']
    assert (results['img'][~real] == 0).all()
    assert (results['gt_seg_map'][~real] == 0).all()
    assert results['img'].shape[:2] == results['img_shape']

    sample = PackPanopticInputs()(results)['data_samples']
    labels = sample.gt_segments.labels
    grid = torch.full((8, 8), -1)  # the cells of the padded crop
    height, width = sample.gt_segment_map.data.shape[1:]
    grid[:height, :width] = sample.gt_segment_map.data[0]
    assert labels.tolist() == expected['gt_classes']
    areas = torch.bincount(grid[grid >= 0], minlength=len(labels))
    assert areas.tolist() == expected['mask_areas']
    classes = torch.where(grid >= 0, labels[grid], -1)
    assert classes.tolist() == expected['sem_seg_gt']
    assert (grid >= 0).sum() == expected['valid_pixel_num']


def test_padding_and_holes_are_exactly_zero_after_normalisation():
    packed = PackPanopticInputs()(mix(golden_main(), golden_other(), 0))
    sample = packed['data_samples']
    real = sample.real_pixels.data
    assert real.dtype == torch.bool
    assert real.shape == (1, 30, 32)  # a thing reaches two rows too far
    data = KMaXDataPreprocessor((33, 33))(
        dict(inputs=[packed['inputs']], data_samples=[sample])
    )
    image = data['inputs'][0]
    levels = {50: 50 / 127.5 - 1, 200: 200 / 127.5 - 1}
    for level, value in levels.items():
        same = packed['inputs'] == level
        assert image[:, :30, :32][same].allclose(torch.tensor(value))
    assert (image[:, :30, :32][:, ~real[0]] == 0).all()
    assert (~real).sum() == 2 * 32 - 2 * 8
    assert (image[:, 30:] == 0).all()
    assert (image[:, :, 32:] == 0).all()


def test_a_whole_rectangle_has_no_map_and_flipped_views_are_pasted_too():
    main, other = golden_main(), golden_other()
    other['gt_seg_map'][28:] = 0
    plain = mix(main, other, 4)
    assert 'real_pixels' not in plain
    assert plain['img_shape'] == (28, 32)
    assert (main['img'] == 50).all(), 'the sample before is left alone'
    for sample in (main, other):
        for key in ('img', 'gt_seg_map'):
            sample[key] = np.ascontiguousarray(sample[key][:, ::-1])[:, ::-1]
    viewed = mix(main, other, 4)
    assert (viewed['img'] == plain['img']).all()
    assert (viewed['gt_seg_map'] == plain['gt_seg_map']).all()


def test_images_without_segments():
    main, other = golden_main(), golden_other()
    other['segments_info'] = [
        dict(s, is_thing=False) for s in other['segments_info']
    ]
    results = mix(main, other, 0)
    assert results['img'] is main['img']
    assert results['gt_seg_map'] is main['gt_seg_map']
    assert results['segments_info'] is main['segments_info']
    other['segments_info'], other['gt_seg_map'][:] = [], 0
    assert mix(main, other, 0)['img'] is main['img']
    dropped = mix(main, other, 0, [lambda results: None])
    assert dropped['img'] is main['img']
    # The other way round things are pasted on an empty image.
    main['segments_info'], main['gt_seg_map'][:] = [], 0
    results = mix(main, golden_other(), 0)
    assert [s['category'] for s in results['segments_info']] == [5, 9]
    assert np.unique(results['gt_seg_map']).tolist() == [0, 3, 4]


def test_all_things_and_a_uniform_number_of_the_rest():
    """4 of the 5 count; a stuff segment is kept with mean(0..4) / 4."""
    table = golden_other()['segments_info']
    rng = np.random.default_rng(0)
    chosen = [choose_segments(table, rng) for _ in range(2000)]
    draws = [[s['id'] for s in segments] for segments in chosen]
    assert all({3, 4} <= set(ids) for ids in draws)
    assert all(5 not in ids and ids == sorted(ids) for ids in draws)
    for stuff in (1, 2):
        kept = np.mean([stuff in ids for ids in draws])
        assert kept == pytest.approx(0.5, abs=0.04)
    # Both among the first c of 4 places: c (c - 1) / 12, c from 0 to 4.
    both = np.mean([{1, 2} <= set(ids) for ids in draws])
    assert both == pytest.approx(1 / 3, abs=0.04)
    assert choose_segments([], rng) == []


def augment(**crop: object) -> list[dict]:
    return [
        *(dict(type='LoadPanopticImage'), dict(type='LoadPanopticMap')),
        dict(type='RandomScaleCrop', **crop),
        *(dict(type='RandomFlip', prob=0.5), dict(type='AutoAugmentColor')),
    ]


PIPELINE = [
    *augment(crop_size=(33, 33), scale_range=(0.5, 2)),
    dict(type='PanopticCopyPaste', pipeline=augment(scale_range=(0.25, 1))),
    dict(type='PackPanopticInputs'),
]


def load(dataset: PanopticDataset, num_workers: int, count: int) -> list:
    """First samples of a run; each worker has a global seed of its own."""
    loader = DataLoader(
        dataset,
        batch_size=None,
        sampler=SeededInfiniteSampler(dataset, seed=3),
        num_workers=num_workers,
        worker_init_fn=lambda i: worker_init_fn(i, num_workers, 0, i),
    )
    return [sample for _, sample in zip(range(count), loader, strict=False)]


def test_the_seed_decides_for_any_number_of_workers(tmp_path):
    maps = [id_map(), id_map().T, id_map()[::-1]]
    ann_file = write_tiny(tmp_path, maps, [SEGMENTS] * 3)
    dataset = tiny_dataset(ann_file, pipeline=PIPELINE)
    runs = [load(dataset, workers, 12) for workers in (0, 1, 2)]
    kinds = set()
    for first, *others in zip(*runs, strict=True):
        sample = first['data_samples']
        kinds.add('real_pixels' in sample)
        for other in others:
            twin = other['data_samples']
            assert torch.equal(first['inputs'], other['inputs'])
            assert set(sample.keys()) == set(twin.keys())
            for key in set(sample.keys()) - {'gt_segments'}:
                assert torch.equal(sample.get(key).data, twin.get(key).data)
            labels = twin.gt_segments.labels
            assert torch.equal(sample.gt_segments.labels, labels)
    assert kinds == {True, False}
