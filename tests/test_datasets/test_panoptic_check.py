"""Every kind of fault is found, and none in data that is right."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.panoptic_check import check_images, check_lists
from mmremax_runtime.segmentation import ids_to_colours
from tests.helpers import tiny
from tests.helpers.sample_data import (
    ANN_FILE,
    DATA_PREFIX,
    needs_sample,
    sample_root,
)

SHAPE = (20, 30)


@pytest.fixture
def content(tmp_path):
    """A faultless image with a crowd and void; the files are written."""
    ids = np.zeros(SHAPE, np.int32)
    ids[:10] = 700
    ids[12:18, 3:9] = 70000
    ids[12:18, 20:24] = 5
    table = [
        segment(700, 9, 300, [0, 0, 30, 10]),
        segment(70000, 4, 36, [3, 12, 6, 6]),
        segment(5, 4, 24, [20, 12, 4, 6]) | dict(iscrowd=1),
    ]
    Image.new('RGB', SHAPE[::-1]).save(tmp_path / 'a.bmp')
    Image.fromarray(ids_to_colours(ids)).save(tmp_path / 'a.png')
    return dict(
        images=[dict(id=1, file_name='a.bmp', height=20, width=30)],
        annotations=[dict(image_id=1, file_name='a.png', segments_info=table)],
        categories=tiny.CATEGORIES,
    )


def segment(segment_id: int, category: int, area: int, bbox: list) -> dict:
    return tiny.segment(segment_id, category, area=area, bbox=bbox)


def find(content: dict, folder: Path) -> list[str]:
    """List the faults as the tool prints them."""
    faults = check_lists(folder / 'p.json', content)
    for report in check_images(content, folder, folder):
        faults += report.faults
    return [str(fault) for fault in faults]


def test_nothing_wrong(content, tmp_path):
    """Also if a turned photo has the size of its map."""
    assert find(content, tmp_path) == []
    (report,) = check_images(content, None, tmp_path)
    assert report.size == SHAPE
    areas = [(4, False, 36), (4, True, 24), (9, False, 300)]
    assert sorted(report.areas) == areas
    assert report.num_void == 600 - 360
    exif = Image.Exif()
    exif[0x0112] = 6
    content['images'][0]['file_name'] = 'a.jpg'
    Image.new('RGB', SHAPE).save(tmp_path / 'a.jpg', exif=exif)
    assert find(content, tmp_path) == []


@needs_sample
def test_nothing_wrong_in_coco():
    root = sample_root()
    content = json.loads((root / ANN_FILE).read_text())
    assert check_lists(root / ANN_FILE, content) == []
    folders = (root / DATA_PREFIX['img'], root / DATA_PREFIX['seg'])
    assert not any(r.faults for r in check_images(content, *folders))


def edit(place: int, **values: object) -> Callable[[list], None]:
    return lambda table: table[place].update(values)


def append(**values: object) -> Callable[[list], None]:
    """Add a segment of stuff that no pixel has."""
    extra = segment(8, 9, 1, [0, 0, 1, 1]) | values
    return lambda table: table.append(extra)


NO_PIXEL = 'is listed, but no pixel of the PNG has its id'
SEGMENT_FAULTS = [
    (edit(0, area=299), ['700: area 299 in the json, 300 in the PNG']),
    (
        edit(1, bbox=[3, 12, 6, 5]),
        ['70000: bbox [3, 12, 6, 5] in the json, [3, 12, 6, 6] in the PNG'],
    ),
    (lambda table: table[1].pop('area'), ['70000: lacks "area"']),
    (edit(1, category_id=3), ['70000: has category 3, not in "categories"']),
    (edit(0, iscrowd=1), ['700: is a crowd, but 9 is stuff']),
    (
        edit(0, id=701),
        [
            '700: 300 pixels of the PNG have this id, which "segments_info" '
            'lacks: they are void or of another version',
            f'701: {NO_PIXEL}',
        ],
    ),
    (append(), ['8: is a second segment of stuff 9', f'8: {NO_PIXEL}']),
    (append(id=0, category_id=4), ['0: has an id outside [1, 2**24); 0 mea']),
    (
        append(id=5, category_id=4, area=24, bbox=[20, 12, 4, 6]),
        ['5: is listed twice'],
    ),
    (
        append(id=1 << 24, category_id=4),
        ['16777216: has an id outside', f'16777216: {NO_PIXEL}'],
    ),
]


@pytest.mark.parametrize(('change', 'expected'), SEGMENT_FAULTS)
def test_faults_of_segments(content, tmp_path, change, expected):
    change(content['annotations'][0]['segments_info'])
    found = sorted(find(content, tmp_path))
    assert len(found) == len(expected)
    for text, start in zip(found, sorted(expected), strict=True):
        assert text.startswith(f'a.png, segment {start}')


def test_faults_of_lists_and_sizes(content, tmp_path):
    """More of what both find: test_annotation_file.py."""
    (image,) = content['images']
    image['width'] = 31
    sizes = 'has the size (20, 30), the json says (20, 31)'
    expected = [f'a.bmp: the image {sizes}', f'a.png: the PNG {sizes}']
    assert sorted(find(content, tmp_path)) == expected
    image['width'] = 30
    content['images'].append(image | dict(id=2))
    repeated, missing = sorted(find(content, tmp_path))
    assert repeated.startswith("p.json: file_name 'a.bmp' occurs 2 times in")
    assert missing == 'p.json: image a.bmp has no entry in "annotations"'
    del image['height']
    assert 'p.json: 1 of "images" lack "h' in find(content, tmp_path)[0]


@pytest.mark.parametrize('name', ['a.bmp', 'a.png'])
def test_missing_and_broken_files(content, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:9])
    (fault,) = find(content, tmp_path)
    assert re.match(f'{name}: .*no readable image', fault)
    path.unlink()
    (fault,) = find(content, tmp_path)
    assert re.match(f'{name}: .*(missing in|does not exist)', fault)
