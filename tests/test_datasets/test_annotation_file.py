"""Every broken annotation file gives one error that says where."""

import re
from collections.abc import Callable

import pytest

from mmremax.datasets import AnnotationError
from mmremax.datasets.annotation_file import load_annotations, metainfo_of
from tests.helpers import tiny


@pytest.fixture
def ann_file(tmp_path):
    return tiny.write_tiny(tmp_path, [tiny.id_map()] * 2, [tiny.SEGMENTS] * 2)


def test_things_come_first_each_in_the_order_of_the_file():
    metainfo = metainfo_of(tiny.CATEGORIES)
    assert metainfo['classes'] == ('cat', 'dog', 'sky', 'sea')
    assert metainfo['thing_classes'] == ('cat', 'dog')
    assert metainfo['stuff_classes'] == ('sky', 'sea')
    assert metainfo['category_ids'] == (4, 7, 9, 2)
    assert metainfo['palette'][:3] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    assert all(0 <= level <= 255 for level in metainfo['palette'][3])


def _segments(content: dict) -> list[dict]:
    return content['annotations'][1]['segments_info']


BREAKS: list[tuple[str, Callable[[dict], object]]] = [
    (
        '1 of "annotations" lack "segments_info". A file in COCO-panoptic',
        lambda c: c['annotations'][0].pop('segments_info'),
    ),
    ('lacks the list "categories"', lambda c: c.pop('categories')),
    ('"images" is empty', lambda c: c['images'].clear()),
    (
        '1 of "categories" lack "isthing"',
        lambda c: c['categories'][0].pop('isthing'),
    ),
    ('id 10 occurs 2 times in "im', lambda c: c['images'][1].update(id=10)),
    (
        'image_id 10 occurs 2 times in "annotations"',
        lambda c: c['annotations'][1].update(image_id=10),
    ),
    ('id 9 occurs 2 times in "c', lambda c: c['categories'][1].update(id=9)),
    ("name 'sky' occ", lambda c: c['categories'][1].update(name='sky')),
    (
        'annotation of image 99, not in "images"',
        lambda c: c['annotations'][1].update(image_id=99),
    ),
    ('image 11 (1.bmp) has no entry', lambda c: c['annotations'].pop()),
    (
        'image 11 (1.bmp): segment 300 has category 5, not in "categories"',
        lambda c: _segments(c)[0].update(category_id=5),
    ),
    (
        'segment 5 is listed twice',
        lambda c: _segments(c).append(tiny.segment(tiny.CAT, 4)),
    ),
    (
        'segment 0 has an id outside [1, 2**24); 0 means void',
        lambda c: _segments(c).append(tiny.segment(0, 4)),
    ),
]


@pytest.mark.parametrize(('message', 'change'), BREAKS)
def test_a_broken_file_names_itself_and_the_place(ann_file, message, change):
    tiny.rewrite(ann_file, change)
    with pytest.raises(AnnotationError, match=re.escape(message)) as error:
        tiny.tiny_dataset(ann_file)
    assert str(ann_file) in str(error.value)


def test_a_missing_or_unreadable_file_is_named(ann_file):
    with pytest.raises(FileNotFoundError, match='nowhere.json.*data_root'):
        load_annotations('nowhere.json')
    for text, message in (('{', 'not valid json'), ('[]', 'no object')):
        ann_file.write_text(text)
        with pytest.raises(AnnotationError, match=message):
            load_annotations(str(ann_file))
