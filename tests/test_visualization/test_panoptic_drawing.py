import numpy as np
import pytest

from mmremax.visualization import (
    draw_panoptic,
    encode_grid,
    encode_segments,
    side_by_side,
)
from mmremax_runtime.drawing import segment_colours

CLASSES = ('cat', 'dog', 'grass')
PALETTE = ((200, 30, 30), (30, 200, 30), (30, 30, 200))
VOID = 3


def quarters() -> np.ndarray:
    """Two cats, grass, and void at the lower right."""
    return np.kron([[1000, 2000], [2, VOID]], np.ones((100, 100), int))


def grey(size: int = 200) -> np.ndarray:
    return np.full((size, size, 3), 120, np.uint8)


def test_colours_follow_class_and_tell_instances_apart():
    colours = segment_colours([0, 0, 2], PALETTE)
    assert len(colours) == 3
    assert colours[0] == PALETTE[0]
    assert colours[2] == PALETTE[2]
    assert np.abs(np.subtract(colours[1], colours[0])).max() > 15

    assert len(set(segment_colours(7 * [1], PALETTE))) == 7


def test_segments_borders_and_void():
    image, ids = grey(), quarters()
    picture = draw_panoptic(image, ids, CLASSES, PALETTE, max_labels=0)
    assert (image == 120).all(), 'the inputs stay as they are'
    assert (ids == quarters()).all()
    assert picture.dtype == np.uint8
    blend = 120 + 0.55 * (np.float32(PALETTE[2]) - 120)
    np.testing.assert_allclose(picture[150, 20], blend, atol=1)
    assert (picture[150, 99] > 220).all()  # white between grass and void
    void = picture[110:190, 110:190]
    assert np.median(void) == 30
    assert void.max() > 60  # hatched


def test_names_are_drawn_only_where_they_fit():
    ids = np.full((200, 200), 2)
    ids[:3] = 1000  # a sliver: no name
    plain = draw_panoptic(grey(), ids, CLASSES, PALETTE, max_labels=0)
    named = draw_panoptic(grey(), ids, CLASSES, PALETTE)
    y, x = np.nonzero((plain != named).any(-1))
    assert len(y)
    assert y.min() > 20
    assert np.ptp(x) < 100  # one name, in the middle of the grass
    assert np.ptp(y) < 40


def test_names_do_not_cover_each_other():
    """Side by side in a narrow picture there is room for one name."""
    classes = ('elephant', 'dog', 'grass')
    ids = np.full((60, 60), 1000)
    ids[:, 30:] = 2000
    one = draw_panoptic(grey(60), ids, classes, PALETTE, max_labels=1)
    both = draw_panoptic(grey(60), ids, classes, PALETTE)
    assert (one == both).all()
    ids = np.ascontiguousarray(ids.T)  # one above the other: both fit
    one = draw_panoptic(grey(60), ids, classes, PALETTE, max_labels=1)
    both = draw_panoptic(grey(60), ids, classes, PALETTE)
    assert (one != both).any()


def test_small_images_are_enlarged():
    picture = draw_panoptic(
        grey()[:100], quarters()[:100], CLASSES, PALETTE, long_side=640
    )
    assert picture.shape == (320, 640, 3)


def test_one_segment_or_none_and_an_image_of_another_size():
    for value in (VOID, 1001):
        draw_panoptic(grey(), np.full((200, 200), value), CLASSES, PALETTE)
    with pytest.raises(ValueError, match=r'\(100, 100\)'):
        draw_panoptic(grey(100), quarters(), CLASSES, PALETTE)


def test_ground_truth_gets_ids_of_predictions():
    segment_map = np.array([[7, 7, 9], [11, 0, 9]])
    table = [
        dict(id=7, category=1, is_thing=True, iscrowd=0),
        dict(id=9, category=2, is_thing=False, iscrowd=0),
        dict(id=11, category=0, is_thing=False, iscrowd=1),
    ]
    ids = encode_segments(segment_map, table, VOID)
    assert ids.tolist() == [[1001, 1001, 2], [VOID, VOID, 2]]


def test_small_segments_are_not_covered_by_their_borders():
    """A thousand pixels wide: 100 things of 8 x 8, or one of 400 x 400."""
    many = np.full((1000, 1000), 2, np.int32)
    for number in range(100):
        y, x = np.array(divmod(number, 10)) * 20 + 10
        many[y : y + 8, x : x + 8] = 1000 * (number + 1)
    one = np.full_like(many, 2)
    one[300:700, 300:700] = 1000
    fractions = []
    for ids in (many, one):
        picture = draw_panoptic(
            np.zeros((*ids.shape, 3), np.uint8), ids, CLASSES, PALETTE
        )
        white = (picture > 200).all(-1)
        fractions.append(white[ids >= 1000].mean())
    assert 0 < fractions[0] < 0.3
    assert white[300:700, 298:302].sum(1).min() == 2  # of the one: 2 wide


def test_cells_become_blocks_with_ids_of_predictions():
    grid = np.array([[0, 1, -1], [2, 2, 0]], np.int16)
    ids = encode_grid(grid, np.array([5, 2, 2]), 3, 7, stride=3)
    cells = [[5, 2002, 7], [3002, 3002, 5]]
    assert ids.dtype == np.int32
    # A cell is the label of its first pixel: it lies around that.
    rows, columns = [0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert ids.tolist() == np.array(cells)[rows][:, columns].tolist()
    # A sample without segments is void.
    grid = np.full((2, 3), -1, np.int16)
    ids = encode_grid(grid, np.zeros(0, np.int64), 3, 7)
    assert ids.shape == (8, 12)
    assert (ids == 7).all()


def test_panels_share_the_height():
    red = np.full((50, 100, 3), (255, 0, 0), np.uint8)
    blue = np.full((200, 100, 3), (0, 0, 255), np.uint8)
    picture = side_by_side({'left': red, 'right': blue})
    reddish = (picture == (255, 0, 0)).all(-1)
    bluish = (picture == (0, 0, 255)).all(-1)
    assert reddish.sum() == 200 * 400
    assert bluish.sum() == 200 * 100
    assert np.nonzero(reddish)[1].max() < np.nonzero(bluish)[1].min()
    title = picture[: np.nonzero(bluish)[0].min()]
    assert title.min() < 100  # text above the panels
