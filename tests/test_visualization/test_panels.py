import numpy as np

from mmremax.visualization import side_by_side


def test_panels_share_the_height() -> None:
    red = np.zeros((50, 100, 3), np.uint8)
    red[..., 0] = 255
    blue = np.zeros((200, 100, 3), np.uint8)
    blue[..., 2] = 255
    picture = side_by_side({'left': red, 'right': blue})
    reddish = (picture == (255, 0, 0)).all(-1)
    bluish = (picture == (0, 0, 255)).all(-1)
    assert reddish.sum() == 200 * 400
    assert bluish.sum() == 200 * 100
    assert np.nonzero(reddish)[1].max() < np.nonzero(bluish)[1].min()
    title = picture[: np.nonzero(bluish)[0].min()]
    assert title.min() < 100  # text above the panels
