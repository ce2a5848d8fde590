import json

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.panoptic_png import read_ids
from mmremax_runtime import Classes, ClassesError, Segment, Segmentation
from mmremax_runtime.segmentation import boxes_of

CLASSES = Classes(
    ('cat', 'dog', 'grass'), 2, ((200, 30, 30), (30, 200, 30), (30, 30, 200))
)
VOID = 3


def example() -> Segmentation:
    """Two cats and grass around a void corner, from mmdet's ids."""
    panoptic = np.array([[1000, 1000, 2], [2, 2000, 2], [2, 2, VOID]])
    table = [
        dict(id=2, label=2, score=0.9),
        dict(id=1000, label=0, score=0.5),
        dict(id=2000, label=0, score=0.75),
    ]
    image = np.zeros((3, 3, 3), np.uint8)
    return Segmentation.from_mmdet(panoptic, table, CLASSES, image, 'a.jpg')


def test_ids_and_segments():
    result = example()
    assert result.ids.tolist() == [[2, 2, 1], [1, 3, 1], [1, 1, 0]]
    assert result.ids.dtype == np.int32
    assert result.segments == [
        Segment(1, 2, 'grass', False, 0.9, 5, (0, 0, 3, 3)),
        Segment(2, 0, 'cat', True, 0.5, 2, (0, 0, 2, 1)),
        Segment(3, 0, 'cat', True, 0.75, 1, (1, 1, 2, 2)),
    ]


def test_without_a_table_the_map_says_what_there_is():
    panoptic = np.array([[1000, VOID, 2000]])
    result = Segmentation.from_mmdet(panoptic, None, CLASSES)
    assert result.ids.tolist() == [[1, 0, 2]]
    assert [s.score for s in result.segments] == [None, None]


def test_an_id_that_is_not_in_the_map_is_no_segment():
    table = [dict(id=1, label=1, score=1.0), dict(id=2, label=2, score=1.0)]
    result = Segmentation.from_mmdet(np.full((2, 2), 2), table, CLASSES)
    assert [s.category for s in result.segments] == ['grass']
    assert (result.ids == 1).all()


def test_all_void():
    result = Segmentation.from_mmdet(
        np.full((8, 8), VOID), [], CLASSES, np.zeros((8, 8, 3), np.uint8)
    )
    assert result.segments == []
    assert result.instances() == []
    assert (result.semantic() == VOID).all()
    assert result.draw().size == (8, 8)


def test_views():
    result = example()
    assert result.semantic().tolist() == [[0, 0, 2], [2, 0, 2], [2, 2, VOID]]
    (first, mask), (second, _) = result.instances()
    assert (first.score, second.score) == (0.75, 0.5)
    assert np.argwhere(mask).tolist() == [[1, 1]]
    plain = json.loads(json.dumps(result.to_dict()))
    assert plain['source'] == 'a.jpg'
    assert plain['segments'][0]['box'] == [0, 0, 3, 3]


def test_coco_files(tmp_path):
    result = example()
    png, table = result.save_coco(tmp_path / 'new' / 'a.jpg')
    assert (read_ids(png, '') == result.ids).all()
    content = json.loads(table.read_text())
    assert content['file_name'] == 'a.png'
    info = content['segments_info'][1]
    assert (info['id'], info['bbox']) == (2, [0, 0, 2, 1])
    assert content['categories'][2]['isthing'] == 0
    assert sorted(p.name for p in png.parent.iterdir()) == ['a.json', 'a.png']


def test_ids_above_255_keep_their_value(tmp_path):
    ids = np.arange(1, 301, dtype=np.int32).reshape(3, 100)
    segments = [
        Segment(i, 0, 'cat', True, 1.0, 1, (0, 0, 1, 1)) for i in range(1, 301)
    ]
    png, _ = Segmentation(ids, segments, CLASSES).save_coco(tmp_path / 'a')
    assert (read_ids(png, '') == ids).all()


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError('disk full')

    monkeypatch.setattr(Image.Image, 'save', fail)
    with pytest.raises(OSError, match='disk full'):
        example().save_coco(tmp_path / 'a.png')
    assert list(tmp_path.iterdir()) == []


def test_drawing_needs_the_image():
    result = Segmentation(np.ones((2, 2), np.int32), [], CLASSES)
    with pytest.raises(ValueError, match='without its image'):
        result.draw()


def test_boxes_against_a_search():
    ids = np.random.default_rng(0).integers(0, 5, (17, 23))
    ids[ids == 3] = 0
    boxes = boxes_of(ids, 5)
    for number in (1, 2, 4):
        y, x = np.nonzero(ids == number)
        box = (x.min(), y.min(), x.max() + 1, y.max() + 1)
        assert boxes[number - 1] == box


@pytest.mark.parametrize(
    ('names', 'things', 'colours'),
    [((), 0, ()), (('a',), 1, ()), (('a',), 2, ((0, 0, 0),))],
)
def test_classes_that_do_not_fit(names, things, colours):
    with pytest.raises(ClassesError):
        Classes(names, things, colours)


def test_classes_as_plain_values():
    plain = json.loads(json.dumps(CLASSES.to_dict()))
    assert Classes.from_dict(plain) == CLASSES
    with pytest.raises(ClassesError, match='names'):
        Classes.from_dict({})
