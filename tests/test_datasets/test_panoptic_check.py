"""Every kind of fault is found, and none in data that is right."""

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.annotation_file import load_annotations
from mmremax.datasets.panoptic_check import check_images
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
    reports = check_images(content, folder, folder)
    return [str(fault) for report in reports for fault in report.faults]


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
    content = load_annotations(str(root / ANN_FILE))
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
    (edit(0, iscrowd=1), ['700: is a crowd, but 9 is stuff']),
    (append(), ['8: is a second segment of stuff 9', f'8: {NO_PIXEL}']),
]


@pytest.mark.parametrize(('change', 'expected'), SEGMENT_FAULTS)
def test_faults_of_segments(content, tmp_path, change, expected):
    change(content['annotations'][0]['segments_info'])
    found = sorted(find(content, tmp_path))
    assert len(found) == len(expected)
    for text, start in zip(found, sorted(expected), strict=True):
        assert text.startswith(f'a.png, segment {start}')


def test_pixels_that_are_not_listed(content, tmp_path):
    table = content['annotations'][0]['segments_info']
    table[0]['id'] = 701
    (fault,) = find(content, tmp_path)
    assert 'a.png has pixels of segment id 700, which "segments_inf' in fault


def test_sizes(content, tmp_path):
    (image,) = content['images']
    image['width'] = 31
    found = sorted(find(content, tmp_path))
    assert 'a.bmp: the image has the size (20, 30), the json' in found[0]
    assert 'a.png has the size (20, 30), its image (20, 31)' in found[1]


@pytest.mark.parametrize('mode', ['L', 'P', 'I;16', '16 bits', 'JPEG'])
def test_maps_that_hold_no_colours_of_ids(content, tmp_path, mode):
    """Pillow would make three channels of 8 bits, and say nothing."""
    path = tmp_path / 'a.png'
    if mode == '16 bits':
        deep = cv2.imread(str(path)).astype(np.uint16) * 256
        cv2.imwrite(str(path), deep)
    else:
        with Image.open(path) as image:
            image = image.copy()
        kind = 'JPEG' if mode == 'JPEG' else 'PNG'
        image = image if mode == 'JPEG' else image.convert('L').convert(mode)
        image.save(path, format=kind)
    (fault,) = find(content, tmp_path)
    found = '16 bits' if '16' in mode else mode
    assert re.search(f'a.png has .*{found}.*three channels of 8 bits', fault)


def test_every_pixel_is_decoded_where_that_is_asked(content, tmp_path):
    path = tmp_path / 'a.bmp'
    path.write_bytes(path.read_bytes()[:-9])
    assert find(content, tmp_path) == []
    folders = tmp_path, tmp_path
    (report,) = check_images(content, *folders, decode=True)
    (fault,) = report.faults
    assert 'a.bmp is no readable image' in fault.text
    assert fault.is_refused


@pytest.mark.parametrize('name', ['a.bmp', 'a.png'])
def test_missing_and_broken_files(content, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:9])
    (fault,) = find(content, tmp_path)
    assert re.match(f'{name}: .*no readable image', fault)
    path.unlink()
    (fault,) = find(content, tmp_path)
    assert re.match(f'{name}: .*does not exist', fault)
    path.mkdir()  # does not end the check either
    (fault,) = find(content, tmp_path)
    assert re.match(f'{name}: .*cannot be read: Is a directory', fault)
