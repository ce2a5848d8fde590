"""Each step of a jitter against its formula, and how often it happens."""

import colorsys
from collections import Counter
from functools import partial
from itertools import chain

import numpy as np
import pytest

from mmremax.datasets import AutoAugmentColor, SSDColorJitter
from mmremax.datasets.transforms.color import OPERATIONS, POLICY


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
        return int(self.uniform(low, high))


IMAGE = np.array([[[200, 100, 50], [10, 250, 250], [7, 7, 7]]], np.uint8)


def _jitter(coins: list[int], *amounts: float) -> list:
    """Coins: brightness, contrast first, then one for each step."""
    rng = _FixedRng([bool(c) for c in coins], amounts)
    image = SSDColorJitter()(dict(img=IMAGE.copy(), rng=rng))['img']
    assert image.dtype == np.uint8
    assert not rng.coins
    assert not rng.amounts
    return image[0].tolist()


def test_brightness_and_contrast_are_clipped():
    assert _jitter([0, 0, 0, 0, 0]) == IMAGE[0].tolist()
    brighter = [[230, 130, 80], [40, 255, 255], [37, 37, 37]]
    assert _jitter([1, 0, 0, 0, 0], 30.5) == brighter
    richer = [[255, 150, 75], [15, 255, 255], [10, 10, 10]]
    assert _jitter([0, 1, 1, 0, 0], 1.5) == richer


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


GREY = np.array([0.2989, 0.5870, 0.1140])


def blend(first: np.ndarray, second: np.ndarray, factor: float) -> np.ndarray:
    """Inter- or extrapolate, clip and cut off the fraction."""
    first, second = first.astype(np.float32), second.astype(np.float32)
    mixed = first + np.float32(factor) * (second - first)
    return mixed.clip(0, 255).astype(np.uint8)


def brightness(image: np.ndarray, factor: float) -> np.ndarray:
    return blend(np.zeros_like(image), image, factor)


def color(image: np.ndarray, factor: float) -> np.ndarray:
    grey = (image / 255 @ GREY * 255.5).astype(np.uint8)
    return blend(np.repeat(grey[..., None], 3, 2), image, factor)


def contrast(image: np.ndarray, factor: float) -> np.ndarray:
    grey = min(image[..., 0].size / 256, 255)
    return blend(np.full_like(image, int(grey)), image, factor)


def sharpness(image: np.ndarray, factor: float) -> np.ndarray:
    smooth = image.copy()
    weights = np.ones((3, 3, 1))
    weights[1, 1] = 5
    for y in range(1, image.shape[0] - 1):
        for x in range(1, image.shape[1] - 1):
            window = image[y - 1 : y + 2, x - 1 : x + 2]
            smooth[y, x] = (window * weights).sum((0, 1)) / 13
    return blend(smooth, image, factor)


def equalize(image: np.ndarray, factor: float) -> np.ndarray:
    result = image.copy()
    for channel in range(3):
        counts = np.bincount(image[..., channel].ravel(), minlength=256)
        step = (counts.sum() - counts[counts > 0][-1]) // 255
        if step == 0:
            continue
        table = (np.cumsum(counts) + step // 2) // step
        table = np.append(0, table[:-1]).clip(0, 255)
        result[..., channel] = table[image[..., channel]]
    return result


@pytest.mark.parametrize(
    'formula', [brightness, color, contrast, sharpness, equalize]
)
@pytest.mark.parametrize('strength', [0.04, 0.1, 0.2, 0.7, 0.9, 1.0])
@pytest.mark.parametrize('size', [(2, 3), (47, 60), (300, 260)])
def test_operation_equals_its_formula(formula, strength, size):
    rng = np.random.default_rng(0)
    image = rng.normal(110, 45, (*size, 3)).clip(0, 255).astype(np.uint8)
    if formula is sharpness and size[0] > 100:
        image = image[:40]
    result = OPERATIONS[formula.__name__](image, strength)
    expected = formula(image, 1.8 * strength + 0.1)
    difference = np.abs(result.astype(int) - expected)
    assert difference.max() <= (formula is not equalize)
    assert result.dtype == np.uint8


@pytest.mark.parametrize(
    ('strength', 'threshold'), [(0.7, 179), (0.14, 35), (0.0, 0)]
)
def test_solarize_and_equalize_at_their_edges(strength, threshold):
    image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    result = OPERATIONS['solarize'](image, strength).ravel()
    assert (result[: 3 * threshold] == image.ravel()[: 3 * threshold]).all()
    rest = 255 - image.ravel()[3 * threshold :]
    assert (result[3 * threshold :] == rest).all()
    one_colour = np.full((20, 20, 3), 90, np.uint8)
    assert (OPERATIONS['equalize'](one_colour, 0.9) == one_colour).all()


def test_operations_occur_as_often_as_the_policy_says(monkeypatch):
    """An operation's rate is the sum of its probabilities over 5 pairs."""
    seen = Counter()

    def record(name, image, strength):
        seen[name, strength] += 1
        return image

    for name in OPERATIONS:
        monkeypatch.setitem(OPERATIONS, name, partial(record, name))
    transform = AutoAugmentColor(magnitude_scale=0.2)
    rng, count = np.random.default_rng(0), 5000
    for _ in range(count):
        transform(dict(img=None, rng=rng))
    expected = Counter()
    for name, probability, magnitude in chain(*POLICY):
        expected[name, magnitude * 0.2 / 10] += probability / 5
    assert len(POLICY) == 5
    assert sum(expected.values()) == pytest.approx(2.4 / 5)
    for key, rate in expected.items():
        assert seen[key] / count == pytest.approx(rate, abs=0.012)
    assert set(seen) <= set(expected)
