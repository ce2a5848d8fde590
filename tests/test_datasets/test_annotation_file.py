"""Every broken annotation file gives one error that says where."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mmremax.datasets import AnnotationError, PanopticDataset
from mmremax.datasets.annotation_file import load_annotations, metainfo_of
from tests.helpers.tiny import (
    CAT,
    CATEGORIES,
    SEGMENTS,
    id_map,
    rewrite,
    segment,
    write_tiny,
)


@pytest.fixture
def ann_file(tmp_path: Path) -> Path:
    return write_tiny(tmp_path, [id_map()] * 2, [SEGMENTS] * 2)


def _load(ann_file: Path) -> PanopticDataset:
    return PanopticDataset(
        str(ann_file), str(ann_file.parent), dict(img='img/', seg='seg/')
    )


def test_things_come_first_each_in_the_order_of_the_file() -> None:
    metainfo = metainfo_of(CATEGORIES)
    assert metainfo['classes'] == ('cat', 'dog', 'sky', 'sea')
    assert metainfo['thing_classes'] == ('cat', 'dog')
    assert metainfo['stuff_classes'] == ('sky', 'sea')
    assert metainfo['category_ids'] == (4, 7, 9, 2)
    assert metainfo['palette'][:3] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    assert all(0 <= level <= 255 for level in metainfo['palette'][3])


BREAKS: dict[str, tuple[Callable[[dict], None], str]] = {
    'instances file': (
        lambda c: c['annotations'][0].pop('segments_info'),
        'not a COCO-panoptic file',
    ),
    'no categories': (lambda c: c.pop('categories'), 'lacks the key'),
    'no images': (lambda c: c['images'].clear(), '"images" is empty'),
    'category without isthing': (
        lambda c: c['categories'][0].pop('isthing'),
        'needs "id", "name", "isthing"',
    ),
    'image twice': (
        lambda c: c['images'][1].update(id=10),
        'image id 10 occurs twice',
    ),
    'annotation twice': (
        lambda c: c['annotations'][1].update(image_id=10),
        'annotation of image 10 occurs twice',
    ),
    'category twice': (
        lambda c: c['categories'][1].update(id=9),
        'category id 9 occurs twice',
    ),
    'name twice': (
        lambda c: c['categories'][1].update(name='sky'),
        "category name 'sky' occurs twice",
    ),
    'annotation of no image': (
        lambda c: c['annotations'][1].update(image_id=99),
        'annotation of image 99',
    ),
    'image without annotation': (
        lambda c: c['annotations'].pop(),
        'image 11 (1.bmp) has no entry',
    ),
    'unknown category': (
        lambda c: c['annotations'][1]['segments_info'][0].update(
            category_id=5
        ),
        'image 11 (1.bmp): segment 300 has category_id 5',
    ),
    'segment twice': (
        lambda c: c['annotations'][1]['segments_info'].append(segment(CAT, 4)),
        'segment id 5 occurs twice',
    ),
    'segment 0': (
        lambda c: c['annotations'][1]['segments_info'].append(segment(0, 4)),
        'segment id 0 is not in',
    ),
}


@pytest.mark.parametrize('name', BREAKS)
def test_a_broken_file_names_itself_and_the_place(
    ann_file: Path, name: str
) -> None:
    change, message = BREAKS[name]
    rewrite(ann_file, change)
    with pytest.raises(AnnotationError, match=re.escape(message)) as error:
        _load(ann_file)
    assert str(ann_file) in str(error.value)


def test_a_missing_or_unreadable_file_is_named(ann_file: Path) -> None:
    with pytest.raises(FileNotFoundError, match='nowhere.json.*data_root'):
        load_annotations('nowhere.json')
    ann_file.write_text('{')
    with pytest.raises(AnnotationError, match='not valid json'):
        load_annotations(str(ann_file))
