import numpy as np
import pytest
from PIL import Image

from mmremax_runtime import (
    Classes,
    Evidence,
    FusionConfig,
    ImageError,
    Segmenter,
)

RED = np.full((4, 6, 3), (255, 0, 0), np.uint8)
CLASSES = Classes(('left', 'right'), 1, ((1, 2, 3), (4, 5, 6)))


class Halves(Segmenter):
    """Two queries share the image; query 0's class score is its red."""

    def __init__(self) -> None:
        self.classes = CLASSES
        self.fusion = FusionConfig(thing_threshold=0.5, stuff_threshold=0.5)
        self.batches: list[int] = []

    def look(self, images):
        self.batches.append(len(images))
        return [self._evidence(image) for image in images]

    @staticmethod
    def _evidence(image: np.ndarray) -> Evidence:
        height, width = image.shape[:2]
        codes = np.full((height, width), 0 * 3 + 2)  # query 0 and none
        codes[:, width // 2 :] = 1 * 3 + 2
        half = height * width / 2
        red = image[0, 0, 0] / 255
        return Evidence(
            class_prob=np.array([[red, 0.1], [0.0, 0.9]]),
            codes=codes,
            prob_sum=np.array([0.8 * half, 0.5 * half]),
            scale=1.0,
        )


def test_one_image():
    result = Halves().predict(RED, channel_order='rgb')
    assert result.ids.tolist() == 4 * [[1, 1, 1, 2, 2, 2]]
    first, second = result.segments
    assert (first.category, first.isthing, first.area) == ('left', True, 12)
    assert first.score == pytest.approx(0.8)
    assert second.score == pytest.approx(0.45)
    assert second.box == (3, 0, 6, 4)
    assert (result.image == RED).all()


def test_bgr_is_not_rgb():
    result = Halves().predict(RED, channel_order='bgr')
    assert [s.category for s in result.segments] == ['right']
    assert (result.ids[:, :3] == 0).all()


def test_other_thresholds_need_no_second_look():
    segmenter = Halves()
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
    segmenter = Halves()
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
    segmenter = Halves()
    sizes = [2, 3, 2, 2]
    images = [np.zeros((n, 4, 3), np.uint8) for n in sizes]
    results = segmenter.predict(images, 'rgb', batch_size=4)
    assert [len(result.ids) for result in results] == sizes
    assert segmenter.batches == [3, 1]


@pytest.mark.parametrize('source', [7, None, [RED, 7], RED / 255])
def test_what_holds_no_image(source):
    with pytest.raises(ImageError):
        Halves().predict(source, 'rgb')
