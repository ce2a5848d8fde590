"""The annotation file appears whole, and its tables fit the maps."""

import json

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmremax.datasets.conversion import (
    convert_images,
    segment_table_of,
    spread_id,
)
from mmremax.datasets.conversion.ade20k import convert_ade20k
from mmremax.datasets.conversion.cityscapes import convert_cityscapes
from mmremax.datasets.panoptic_png import read_ids
from mmremax.evaluation import PanopticQualityMetric
from mmremax.kmax.published_weights import PUBLISHED_ORDERS
from tests.helpers.original_layouts import write_ade20k, write_cityscapes
from tests.helpers.predictions import evaluate, predictions
from tests.test_evaluation.conftest import CONFIGS


def test_a_table_describes_the_map():
    ids = np.zeros((6, 8), np.int32)
    ids[1:4, 2:7] = 900
    ids[2, 3] = 70000
    ids[5, 0] = ids[0, 7] = 5  # two pieces, one segment
    labels = {900: (3, False), 70000: (1, True), 5: (2, False), 8: (9, False)}
    table = segment_table_of(ids, labels)
    assert table == [
        dict(id=5, category_id=2, iscrowd=0, area=2, bbox=[0, 0, 8, 6]),
        dict(id=900, category_id=3, iscrowd=0, area=14, bbox=[2, 1, 5, 3]),
        dict(id=70000, category_id=1, iscrowd=1, area=1, bbox=[3, 2, 1, 1]),
    ]
    assert json.loads(json.dumps(table)) == table
    assert segment_table_of(np.zeros((2, 2), np.int32), {}) == []
    with pytest.raises(KeyError):
        segment_table_of(ids, {5: (1, False)})


def test_spread_ids_differ_and_fit():
    ids = [spread_id(number) for number in range(1, 3000)]
    assert len(set(ids)) == len(ids)
    assert min(ids) > 0
    assert max(ids) < 2**24
    assert all(abs(a - b) > 2**16 for a, b in zip(ids, ids[1:], strict=False))


def read(source: int) -> tuple[dict, str, np.ndarray, dict]:
    if source == 3:
        raise ValueError('the fourth is broken')
    ids = np.full((2, 3), source, np.int32)
    return dict(id=source), f'a/{source}.png', ids, {source: (7, False)}


@pytest.mark.parametrize('num_workers', [1, 4])
def test_images_keep_their_order(tmp_path, num_workers):
    path = tmp_path / 'p.json'
    entries = convert_images(path, ['c'], (2, 9, 1), read, num_workers)
    first = next(entries)
    assert not path.exists()
    annotations = [first, *entries]
    assert json.loads(path.read_text()) == dict(
        images=[dict(id=i) for i in (2, 9, 1)],
        annotations=annotations,
        categories=['c'],
    )
    for i, entry in zip((2, 9, 1), annotations, strict=True):
        ids = read_ids(tmp_path / 'p' / entry['file_name'], '')
        assert (ids == i).all()
        assert entry == dict(
            image_id=i,
            file_name=f'a/{i}.png',
            segments_info=segment_table_of(ids, {i: (7, False)}),
        )


def test_a_failure_leaves_no_file(tmp_path):
    path = tmp_path / 'p.json'
    with pytest.raises(ValueError, match='fourth'):
        list(convert_images(path, [], range(1, 9), read))
    assert [p.name for p in tmp_path.iterdir()] == ['p']


CITYSCAPES_IDS = (*range(11, 19), *range(11))


@pytest.mark.parametrize(
    ('name', 'write', 'convert', 'ids', 'num_things'),
    [
        (
            'cityscapes',
            write_cityscapes,
            convert_cityscapes,
            CITYSCAPES_IDS,
            8,
        ),
        ('ade20k', write_ade20k, convert_ade20k, PUBLISHED_ORDERS[150], 100),
    ],
)
def test_from_the_download_to_pq(
    name, write, convert, ids, num_things, tmp_path
):
    write(tmp_path)
    for split in ('train', 'val'):
        list(convert(tmp_path, split, tmp_path))
    config = Config.fromfile(CONFIGS / f'{name}_panoptic.py')
    train, val = (
        DATASETS.build(dict(loader.dataset, data_root=str(tmp_path)))
        for loader in (config.train_dataloader, config.val_dataloader)
    )
    assert val.metainfo['category_ids'] == ids
    assert len(val.metainfo['thing_classes']) == num_things
    scores = evaluate(PanopticQualityMetric(), val, predictions(val))
    assert set(scores.values()) == {100.0}
    assert len(train) == 2
    assert train[0]['data_samples'].gt_segments.labels.max() < len(ids)
