"""Each step against plain arithmetic, and how often each happens."""

import colorsys

import numpy as np

from mmremax.datasets import SSDColorJitter


class _FixedRng:
    """Gives prepared coin throws and amounts, in order."""

    def __init__(self, coins: list[bool], amounts: list[float]) -> None:
        self.coins, self.amounts = list(coins), list(amounts)

    def random(self) -> float:
        return 0.0 if self.coins.pop(0) else 0.9

    def uniform(self, low: float, high: float) -> float:
        amount = self.amounts.pop(0)
        assert low <= amount <= high
        return amount

    def integers(self, low: int, high: int, endpoint: bool) -> int:
        assert endpoint
        amount = self.amounts.pop(0)
        assert low <= amount <= high
        return int(amount)


IMAGE = np.array([[[200, 100, 50], [10, 250, 250], [7, 7, 7]]], np.uint8)


def _jitter(coins: list[int], *amounts: float) -> list:
    """Coins: brightness, contrast first, then one for each step."""
    rng = _FixedRng([bool(c) for c in coins], amounts)
    image = SSDColorJitter()(dict(img=IMAGE.copy(), rng=rng))['img']
    assert image.dtype == np.uint8
    assert not rng.coins
    assert not rng.amounts
    return image[0].tolist()


def test_nothing_happens_if_no_coin_falls():
    assert _jitter([0, 0, 0, 0, 0]) == IMAGE[0].tolist()


def test_brightness_and_contrast_are_clipped():
    assert _jitter([1, 0, 0, 0, 0], 30.5) == [
        [230, 130, 80],
        [40, 255, 255],
        [37, 37, 37],
    ]
    assert _jitter([0, 1, 1, 0, 0], 1.5) == [
        [255, 150, 75],
        [15, 255, 255],
        [10, 10, 10],
    ]


def test_saturation_and_hue_turn_the_hsv_cone():
    pixels = np.array(_jitter([0, 1, 0, 1, 1], 0.5, 10)) / 255
    for new, old in zip(pixels, IMAGE[0] / 255, strict=True):
        h, s, v = colorsys.rgb_to_hsv(*old)
        expected = colorsys.hsv_to_rgb((h + 20 / 360) % 1, s / 2, v)
        assert np.abs(new - expected).max() < 4 / 255


def test_order_depends_on_the_second_coin():
    """Contrast 1.5 clips red, so it does not commute with saturation."""
    first = _jitter([0, 1, 1, 1, 0], 1.5, 0.5)
    last = _jitter([0, 0, 1, 0, 1], 0.5, 1.5)
    # (255, 150, 75) desaturated; (200, 150, 125) brightened. By hand, within
    # the steps of OpenCV's 8-bit hue.
    assert np.abs(np.subtract(first[0], [255, 203, 165])).max() <= 2
    assert np.abs(np.subtract(last[0], [255, 225, 187])).max() <= 2


def test_every_step_happens_half_the_time():
    rng = np.random.default_rng(0)
    image = np.full((2, 2, 3), 128, np.uint8)  # grey: only two steps show
    changed = [
        (SSDColorJitter()(dict(img=image, rng=rng))['img'] != 128).any()
        for _ in range(400)
    ]
    assert 0.68 < np.mean(changed) < 0.82
