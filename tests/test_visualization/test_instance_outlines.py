import numpy as np

from mmremax.visualization import brighten, draw_outlines
from mmremax.visualization.instance_outlines import COLOURS, colour_things

GRASS, VOID = 1, 2  # class 0 is the one thing


def two_touching() -> np.ndarray:
    """Two things side by side on grass, void in a corner."""
    ids = np.full((60, 80), GRASS)
    ids[20:40, 10:30] = 1000
    ids[20:40, 30:50] = 2000
    ids[:10, :20] = VOID
    return ids


def test_outlines_fills_stuff_and_void():
    image = np.full((60, 80, 3), 100, np.uint8)
    ids = two_touching()
    picture = draw_outlines(image, ids, num_things=1, void=VOID)
    assert (image == 100).all(), 'the inputs stay as they are'
    assert (ids == two_touching()).all()
    assert (picture[45:, 55:] == 80).all()  # stuff: the image, darker
    assert (picture[:10, :20] == 128).all(-1).any()  # hatched
    for x, left in ((20, 10), (40, 30)):
        border = picture[30, left].astype(float)  # blends into its sides
        away = np.abs(np.subtract(COLOURS, border)).max(1)
        assert away.min() < 40
        blend = 0.25 * np.array(COLOURS[away.argmin()]) + 0.75 * 80
        np.testing.assert_allclose(picture[30, x], blend, atol=1)
    assert (picture[30, 10] != picture[30, 30]).any()
    large = draw_outlines(image, ids, 1, VOID, long_side=320)
    assert large.shape == (240, 320, 3)
    assert (large[120, 60] != large[120, 140]).any()


def test_neighbours_differ_and_all_are_cut_out():
    rng = np.random.default_rng(0)
    blocks = rng.permutation(np.arange(1, 101)).reshape(10, 10)
    things = np.kron(blocks, np.ones((8, 8), int))
    found = list(colour_things(things))
    assert len(found) == 100
    colours = np.zeros((*things.shape, 3), int)
    for mask, (left, top), colour in found:
        y, x = np.nonzero(mask)
        assert len(y) == 64
        colours[y + top, x + left] = colour
    for shifted in (
        colours[:, 8:] != colours[:, :-8],
        colours[8:] != colours[:-8],
    ):
        assert shifted.any(-1).all()


def test_nothing_to_outline():
    image = np.full((9, 9, 3), 50, np.uint8)
    assert not list(colour_things(np.zeros((9, 9), int)))
    picture = draw_outlines(image, np.full((9, 9), GRASS), 1, VOID)
    assert (picture == 40).all()


def test_brighten_stretches_and_keeps_hues():
    dark = np.zeros((20, 20, 3), np.uint8)
    dark[:10] = (50, 20, 0)
    bright = brighten(dark)
    assert bright.max() == 255
    assert bright[0, 0].tolist() == [255, 102, 0]
    dark[:10] = (2, 1, 0)
    assert brighten(dark)[0, 0].tolist() == [20, 10, 0]
    assert (brighten(np.full((4, 4, 3), 9, np.uint8)) == 0).all()
