import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.panoptic_png import read_ids
from mmremax_runtime import ImageError, Segmentation
from mmremax_runtime.page import (
    NoPictureError,
    Page,
    heading,
    thumbnails,
)
from tests.helpers.sides import CLASSES, RED, Sides

LEFT, RIGHT = 0, 1  # classes of Sides


def png(image: np.ndarray = RED) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'png')
    return file.getvalue()


@pytest.fixture
def page() -> Page:
    return Page(Sides(), max_pixels=1000)


def categories(picture) -> list[str]:
    return [segment.category for segment in picture.result.segments]


def test_the_network_looks_once(page):
    picture = page.open('me', png(), 'red.png')
    assert categories(picture) == ['left', 'right']
    strict = page.adjust('me', dict(stuff_threshold=0.95))
    assert categories(strict) == ['left']
    large = page.adjust('me', dict(min_thing_area=13))
    assert categories(large) == ['right']
    page.show('me', [])
    again = page.adjust('me', {})
    assert (again.result.ids == picture.result.ids).all()
    assert page.segmenter.batches == [1]
    assert page.segmenter.fusion.stuff_threshold == 0.5


def test_sliders_hold_for_the_next_picture(page):
    picture = page.open('me', png(), 'a.png', dict(stuff_threshold=0.95))
    assert categories(picture) == ['left']


def test_a_hidden_class_shows_the_image(page):
    whole = np.asarray(page.open('me', png(), 'red.png').draw(60))[:8]
    picture = page.show('me', [RIGHT])
    drawn = np.asarray(picture.draw(60))[:8]  # above the name
    assert (drawn[:, :29] == (255, 0, 0)).all()
    assert (drawn[:, 31:] == whole[:, 31:]).all()
    assert (drawn[:, 31:] != (255, 0, 0)).any()
    assert [row[2] for row in picture.table()] == ['right']
    assert picture.counts() == {LEFT: 1, RIGHT: 1}
    nothing = np.asarray(page.show('me', []).draw(60))
    assert (nothing == (255, 0, 0)).all()


def test_hidden_classes_stay_hidden(page):
    page.open('me', png(), 'red.png')
    page.show('me', [RIGHT])
    assert page.adjust('me', dict(thing_threshold=1)).hidden == {LEFT}
    assert page.show('me', [RIGHT]).hidden == {LEFT}  # it was not there
    assert page.open('me', png(), 'next.png').hidden == {LEFT}
    assert page.open('you', png(), 'red.png').hidden == set()


def test_the_table_and_the_summary(page):
    picture = page.open('me', png(), 'red.png', dict(stuff_threshold=0.95))
    assert picture.table() == [
        [1, (1, 2, 3), 'left', 'thing', 0.8, 12, '0, 0, 3, 4']
    ]
    assert picture.summary().startswith('6 x 4 pixels: 1 segments of things')
    assert '50.0 %' in picture.summary()


def test_what_is_downloaded(page, tmp_path):
    page.open('me', png(), 'my.red.png')
    picture = page.show('me', [])
    path = picture.save(tmp_path)
    assert [path] == list(tmp_path.iterdir())
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    names = ['my.red_ids.json', 'my.red_ids.png', 'my.red_panoptic.png']
    assert sorted(archive.namelist()) == names
    ids = read_ids(tmp_path / names[1], '')
    assert (ids == picture.result.ids).all()
    table = json.loads((tmp_path / names[0]).read_text())
    areas = {entry['id']: entry['area'] for entry in table['segments_info']}
    assert areas == {1: 12, 2: 12}


def test_each_session_has_its_picture(page):
    page.open('me', png(), 'mine.png')
    page.open('you', png(), 'yours.png')
    assert page.picture('me').result.source == 'mine.png'
    page.close('me')
    assert page.picture('you').result.source == 'yours.png'
    for change in (page.adjust, page.show):
        with pytest.raises(NoPictureError, match='drop one'):
            change('me', {})


def test_memory_is_bounded(page):
    size = page.open('1', png(), '1.png').nbytes
    assert size == RED.nbytes + 4 * 24 + 24  # image, ids, codes
    page.max_bytes = 2 * size
    page.open('2', png(), '2.png')
    page.adjust('1', {})  # 2 is idle for longer now
    page.open('3', png(), '3.png')
    assert page.picture('1').result.source == '1.png'
    with pytest.raises(NoPictureError):
        page.picture('2')
    page.max_bytes = 0
    assert page.open('4', png(), '4.png') is page.picture('4')
    with pytest.raises(NoPictureError):
        page.picture('3')


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        (b'hello', 'note.jpg is no readable image'),
        (png()[:40], 'note.jpg is no readable image'),
        (png(np.zeros((40, 40), np.uint8)), '40 x 40 pixels, more than 1000'),
    ],
)
def test_what_cannot_be_opened(page, content, says):
    page.open('me', png(), 'red.png')
    with pytest.raises(ImageError, match=says):
        page.open('me', content, 'note.jpg')
    with pytest.raises(NoPictureError):  # the old result is not its
        page.picture('me')
    assert page.segmenter.batches == [1]


def test_a_change_of_a_picture_that_went(page, monkeypatch):
    page.open('me', png(), 'old.png')
    merge = page._merge

    def open_another(*arguments):
        monkeypatch.setattr(page, '_merge', merge)
        page.open('me', png(), 'new.png')
        return merge(*arguments)

    monkeypatch.setattr(page, '_merge', open_another)
    changed = page.adjust('me', dict(stuff_threshold=0.95))
    assert changed is page.picture('me')
    assert changed.result.source == 'new.png'
    assert len(changed.result.segments) == 2
    assert not page.is_set_to('me', dict(stuff_threshold=0.95))
    assert page.is_set_to('me', {})


def test_a_model_with_a_merge_of_its_own():
    class Whole(Sides):
        fusion = None

        def __init__(self) -> None:
            super().__init__()
            self.fusion = None

        def segment_alike(self, images, sources):
            ids = np.ones(images[0].shape[:2], int) * 1000
            return [
                Segmentation.from_mmdet(
                    ids, None, self.classes, images[0], sources[0]
                )
            ]

    page = Page(Whole(), max_pixels=1000)
    picture = page.open('me', png(), 'red.png')
    assert picture.evidence is None
    assert picture.table()[0][2:5] == ['left', 'thing', None]
    assert page.show('me', []).hidden == {LEFT}


def test_samples(page, tmp_path):
    wide = np.zeros((10, 80, 3), np.uint8)
    Image.fromarray(wide).save(tmp_path / 'wide.png')
    (tmp_path / 'note.png').write_text('hello')
    paths = sorted(tmp_path.iterdir())
    ((path, image),), (line,) = thumbnails(paths, page, side=16)
    assert (path.name, image.size) == ('wide.png', (16, 2))
    assert 'note.png is no readable image' in line


def test_codes_are_stored_small(page):
    picture = page.open('me', png(), 'red.png')
    assert picture.evidence.codes.dtype == np.uint8
    wide = replace(
        picture.evidence, codes=picture.evidence.codes.astype(np.int64)
    )
    result = wide.merge(page.segmenter.fusion, page.segmenter.classes)
    assert (result.ids == picture.result.ids).all()


def test_many_classes_are_counted():
    assert 'left (thing), right (stuff).' in heading(CLASSES, 'model')
    coco = replace(
        CLASSES, names=('a',) * 133, num_things=80, colours=((0, 0, 0),) * 133
    )
    assert '80 classes of things and 53 of stuff.' in heading(coco, 'model')
