"""Classes from the file, bounded retries, seeded samples."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from mmremax.datasets import AnnotationError, SampleKey
from tests.helpers import tiny

LOAD = [dict(type='LoadPanopticImage'), dict(type='LoadPanopticMap')]
AUGMENT = [
    *LOAD,
    dict(type='RandomScaleCrop', crop_size=(33, 33), scale_range=(0.5, 2)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SSDColorJitter'),
    dict(type='PackPanopticInputs'),
]
STOCK = [  # mmdet's transforms
    *LOAD,
    dict(type='RandomCrop', crop_size=(16, 16)),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackPanopticInputs'),
]


@pytest.fixture
def make(tmp_path):
    empty = np.zeros((20, 30), np.int32)
    # The third image keeps only its crowd.
    crowd = np.where(tiny.id_map() == tiny.CROWD, tiny.CROWD, 0)
    tables = [tiny.SEGMENTS, [], tiny.SEGMENTS[2:3]]
    ann_file = tiny.write_tiny(tmp_path, [tiny.id_map(), empty, crowd], tables)
    return partial(tiny.tiny_dataset, ann_file)


def test_data_info_holds_what_transforms_and_metric_read(make):
    info = make().get_data_info(0)
    assert Path(info['img_path']).name == '0.bmp'
    assert Path(info['seg_map_path']).name == '0_pan.png'  # from the json
    assert (info['height'], info['width'], info['img_id']) == (32, 48, 10)
    table = {s['id']: s for s in info['segments_info']}
    rows = [table[i] for i in (tiny.SEA, tiny.CAT, tiny.CROWD, tiny.SKY)]
    assert [row['category'] for row in rows] == [3, 0, 1, 2]
    assert [row['is_thing'] for row in rows] == [0, 1, 0, 0]
    assert [row['iscrowd'] for row in rows] == [0, 0, 1, 0]
    assert table[tiny.CAT]['area'] == 192


def test_metainfo_of_the_config_may_not_contradict(make):
    data = make(metainfo=dict(palette=[(1, 2, 3)] * 4))
    assert data.metainfo['palette'] == [(1, 2, 3)] * 4
    assert data.metainfo['classes'] == ('cat', 'dog', 'sky', 'sea')
    with pytest.raises(AnnotationError, match='other classes'):
        make(metainfo=dict(classes=('cat',)))


def test_classes_are_known_before_the_data_are_loaded(make):
    lazy = make(lazy_init=True)
    assert lazy.metainfo == make().metainfo
    assert lazy.metainfo['classes'] == ('cat', 'dog', 'sky', 'sea')
    assert make(lazy_init=True, data_root='none').metainfo == {}


def test_filter_indices_and_test_mode(make):
    assert len(make()) == 3
    assert len(make(filter_cfg=dict(min_size=25))) == 2
    assert len(make(filter_cfg=dict(filter_empty_gt=True))) == 1
    assert len(make(filter_cfg=dict(min_size=25), test_mode=True)) == 3
    assert len(make(indices=2)) == 2
    assert make(indices=[2]).get_data_info(0)['img_id'] == 12
    with pytest.raises(AnnotationError, match='leaves none of 3 images'):
        make(filter_cfg=dict(min_size=1000))


def test_a_test_set_needs_no_annotations_but_its_folders(make, tmp_path):
    for key in ('img', 'seg'):
        prefix = dict(img='img/', seg='seg/') | {key: 'missing/'}
        with pytest.raises(FileNotFoundError, match=f'missing.*"{key}"'):
            make(data_prefix=prefix)
    tiny.rewrite(tmp_path / 'panoptic.json', lambda c: c.pop('annotations'))
    data = make(test_mode=True)
    assert data.get_data_info(0)['seg_map_path'] is None
    with pytest.raises(AnnotationError, match='no "annotations" to train'):
        make()


def _equal(a: dict, b: dict) -> bool:
    left, right = a['data_samples'], b['data_samples']
    return (
        torch.equal(a['inputs'], b['inputs'])
        and torch.equal(left.gt_segment_map.data, right.gt_segment_map.data)
        and left.to_dict().keys() == right.to_dict().keys()
        and left.metainfo == right.metainfo
    )


@pytest.mark.parametrize('pipeline', [AUGMENT, STOCK])
def test_seed_and_position_decide_and_leave_no_trace(make, pipeline):
    data = make(pipeline=pipeline)
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    sample = data[SampleKey(0, seed=1, position=7)]
    assert np.random.rand() == expected  # noqa: NPY002
    assert _equal(sample, data[SampleKey(0, seed=1, position=7)])
    assert not _equal(sample, data[SampleKey(0, seed=1, position=8)])
    assert not _equal(sample, data[SampleKey(0, seed=2, position=7)])


def test_a_plain_index_is_random_but_follows_the_global_seed(make):
    data = make(pipeline=AUGMENT)
    np.random.seed(5)  # noqa: NPY002
    first, second = data[0], data[0]
    assert not _equal(first, second)
    np.random.seed(5)  # noqa: NPY002
    assert _equal(first, data[0])


def filtering(minimum):
    drop = dict(type='FilterUnlabeledCrops', minimum=minimum)
    return [*AUGMENT[:3], drop, dict(type='PackPanopticInputs')]


def test_a_poor_sample_is_replaced_and_counted(make):
    data = make(pipeline=filtering(3), max_refetch=50)
    taken = [data[SampleKey(1, 0, i)]['data_samples'] for i in range(20)]
    assert all(sample.img_id == 10 for sample in taken)
    assert all(sample.num_discarded >= 1 for sample in taken)
    rich = data[SampleKey(0, 0, 0)]['data_samples']
    assert (rich.img_id, rich.num_discarded) == (10, 0)


def test_retries_are_bounded_and_the_last_sample_is_used(make):
    for max_refetch in (0, 4):
        data = make(pipeline=filtering(10**6), max_refetch=max_refetch)
        sample = data[SampleKey(0, 0, 0)]['data_samples']
        assert sample.num_discarded == max_refetch
    seen = []
    data = make(pipeline=[seen.append], max_refetch=3)
    with pytest.raises(RuntimeError, match='None for 4 samples'):
        data[0]
    assert len(seen) == 4


def test_images_without_segments_and_all_void_crops_train(make):
    data = make(pipeline=AUGMENT)
    for index in (1, 2):  # no segment at all; nothing but a crowd
        sample = data[SampleKey(index, 0, 0)]['data_samples']
        assert sample.gt_segments.labels.shape == (0,)
        assert sample.gt_segments.labels.dtype == torch.int64
        assert (sample.gt_segment_map.data == -1).all()
