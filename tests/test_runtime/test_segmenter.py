import numpy as np
import pytest
from PIL import Image

from mmremax_runtime import FusionConfig, ImageError
from tests.helpers.sides import CLASSES, RED, Sides


def test_one_image():
    result = Sides().predict(RED, channel_order='rgb')
    assert result.ids.tolist() == 4 * [[1, 1, 1, 2, 2, 2]]
    first, second = result.segments
    assert (first.category, first.isthing, first.area) == ('left', True, 12)
    assert first.score == pytest.approx(0.8)
    assert second.score == pytest.approx(0.45)
    assert second.box == (3, 0, 6, 4)
    assert (result.image == RED).all()


def test_bgr_is_not_rgb():
    result = Sides().predict(RED, channel_order='bgr')
    assert [s.category for s in result.segments] == ['right']
    assert (result.ids[:, :3] == 0).all()


def test_other_thresholds_need_no_second_look():
    segmenter = Sides()
    (evidence,) = segmenter.look([RED])
    strict = FusionConfig(thing_threshold=0.5, stuff_threshold=0.95)
    assert len(evidence.merge(segmenter.fusion, CLASSES).segments) == 2
    assert len(evidence.merge(strict, CLASSES).segments) == 1
    large = FusionConfig(stuff_threshold=0.5, min_thing_area=13)
    (kept,) = evidence.merge(large, CLASSES).segments
    assert (kept.category, kept.id) == ('right', 1)


def test_lists_folders_and_generators(tmp_path):
    for name in ('a', 'b', 'c'):
        Image.fromarray(RED).save(tmp_path / f'{name}.png')
    segmenter = Sides()
    results = segmenter.predict(tmp_path, batch_size=2)
    assert [r.source[-5:] for r in results] == ['a.png', 'b.png', 'c.png']
    assert segmenter.batches == [2, 1]
    assert len(segmenter.predict([RED, tmp_path / 'a.png'], 'rgb')) == 2
    assert segmenter.predict(Image.fromarray(RED)).source is None

    segmenter.batches.clear()
    frames = (RED for _ in range(5))
    stream = segmenter.predict(frames, 'rgb')
    next(stream)
    assert segmenter.batches == [1]
    assert len(list(stream)) == 4


def test_images_of_other_sizes_are_not_padded():
    segmenter = Sides()
    sizes = [2, 3, 2, 2]
    images = [np.zeros((n, 4, 3), np.uint8) for n in sizes]
    results = segmenter.predict(images, 'rgb', batch_size=4)
    assert [len(result.ids) for result in results] == sizes
    assert segmenter.batches == [3, 1]


@pytest.mark.parametrize('source', [7, None, [RED, 7], RED / 255])
def test_what_holds_no_image(source):
    with pytest.raises(ImageError):
        Sides().predict(source, 'rgb')
