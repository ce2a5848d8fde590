"""Every broken annotation file gives one error that says where."""

import json
import re
from collections.abc import Callable

import pytest

from mmremax.datasets import AnnotationError
from mmremax.datasets.annotation_file import (
    load_annotations,
    metainfo_of,
    segment_table,
)
from mmremax.datasets.annotation_parsing import parse_annotations
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


def test_a_crowd_is_no_thing():
    segments = [dict(id=i, category_id=4, iscrowd=i - 1) for i in (1, 2)]
    table = segment_table(segments, {4: 0}, 1)
    assert [row['is_thing'] for row in table] == [True, False]


def _segments(content: dict) -> list[dict]:
    return content['annotations'][1]['segments_info']


def _set(key: str, place: int = 0, **values: object) -> Callable:
    return lambda c: c[key][place].update(values)


def _segment(**values: object) -> Callable:
    return lambda c: _segments(c)[0].update(values)


BREAKS: list[tuple[str, Callable[[dict], object]]] = [
    (
        'annotations[0] (0_pan.png).segments_info is missing. A file in COCO-',
        lambda c: c['annotations'][0].pop('segments_info'),
    ),
    (
        'segments_info is null: it should be a valid array',
        _set('annotations', segments_info=None),
    ),
    ('categories is missing', lambda c: c.pop('categories')),
    (
        'images is []: it should have at least 1 item',
        lambda c: c['images'].clear(),
    ),
    (
        'categories[0] (sky).isthing is missing',
        lambda c: c['categories'][0].pop('isthing'),
    ),
    ('isthing is "0": it should be 0 or 1', _set('categories', isthing='0')),
    ('color is [1, 2]: it should', _set('categories', color=[1, 2])),
    ('id 10 occurs 2 times in "im', _set('images', 1, id=10)),
    ('images[0] (0.bmp).id is 1.5: it should be a wh', _set('images', id=1.5)),
    ('(0.bmp).height is "32": it should', _set('images', height='32')),
    ('(0.bmp).width is 0: it should', _set('images', width=0)),
    ('it should have at most 134217728', _set('images', height=10**8)),
    ('images[0] (0.bmp).height is', lambda c: c['images'][0].pop('height')),
    ('images[0].file_name is mis', lambda c: c['images'][0].pop('file_name')),
    ("file_name '0.bmp' occurs 2", _set('images', 1, file_name='0.bmp')),
    (
        "file_name '0_pan.png' occurs 2 times in",
        _set('annotations', 1, file_name='0_pan.png'),
    ),
    ('is "/etc/0": it should be rel', _set('images', file_name='/etc/0')),
    ('is "../0": it should be rel', _set('annotations', file_name='../0')),
    (
        'image_id 10 occurs 2 times in "annotations"',
        _set('annotations', 1, image_id=10),
    ),
    ('id 9 occurs 2 times in "c', _set('categories', 1, id=9)),
    ("name 'sky' occ", _set('categories', 1, name='sky')),
    ('image 99, which "images"', _set('annotations', 1, image_id=99)),
    ('image 11 (1.bmp) has no entry', lambda c: c['annotations'].pop()),
    (
        '1_pan.png: segment 300 has category 5, which "categories" lacks',
        _segment(category_id=5),
    ),
    (
        'id 5 occurs 2 times in "segments_info" of 1_pan.png',
        lambda c: _segments(c).append(tiny.segment(tiny.CAT, 4)),
    ),
    (
        'annotations[1] (1_pan.png).segments_info[0].id is 0: it should be '
        'greater than or equal to 1',
        _segment(id=0),
    ),
    ('id is 16777216: it should be less than', _segment(id=1 << 24)),
    ('id is "300": it should be a valid integer', _segment(id='300')),
    ('iscrowd is null: it should be 0 or 1', _segment(iscrowd=None)),
    ('area is NaN: it should be a finite', _segment(area=float('nan'))),
    ('area is -1: it should', _segment(area=-1)),
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
    for text, message in (('{', 'not valid json'), ('[]', 'content is ')):
        ann_file.write_text(text)
        with pytest.raises(AnnotationError, match=message):
            load_annotations(str(ann_file))


def test_predictions_of_two_images_need_two_names(ann_file):
    tiny.rewrite(ann_file, lambda c: c.pop('annotations'))
    tiny.rewrite(ann_file, _set('images', 1, file_name='0.jpg'))
    with pytest.raises(AnnotationError, match="'0.png' occurs 2 times"):
        load_annotations(str(ann_file))
    tiny.rewrite(ann_file, _set('images', 1, file_name='cam1/0.bmp'))
    load_annotations(str(ann_file))


def test_ten_faults_of_a_kind_are_listed_and_the_rest_counted(ann_file):
    content = json.loads(ann_file.read_text())
    for entry in content['annotations']:
        entry['segments_info'] *= 4
        for number, segment in enumerate(entry['segments_info']):
            segment.update(id=str(number), iscrowd=0)
    del content['images'][0]['width']
    found, faults = parse_annotations(json.dumps(content).encode())
    assert found == {}
    assert len(faults) == 12
    assert sum('id is "' in fault for fault in faults) == 10
    assert 'and 22 more of this kind' in faults
    ann_file.write_text(json.dumps(content))
    with pytest.raises(AnnotationError, match=r'width.*\(12 faults\)'):
        load_annotations(str(ann_file))


def test_true_and_false_are_one_and_zero(ann_file):
    expected = load_annotations(str(ann_file))['categories']
    text = ann_file.read_text().replace('"isthing": 1', '"isthing": true')
    ann_file.write_text(text.replace('"isthing": 0', '"isthing": false'))
    assert load_annotations(str(ann_file))['categories'] == expected
