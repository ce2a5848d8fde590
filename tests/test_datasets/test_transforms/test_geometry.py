"""Sizes, cuts and the resampling of Pillow; crops with too few labels."""

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets import (
    FilterUnlabeledCrops,
    RandomScaleCrop,
    ResizeShortestSide,
)
from mmremax.datasets.transforms.geometry import (
    resize_ids_part,
    resize_image,
    resized_shape,
)
from tests.golden import load_case


def _results(height: int, width: int, seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    return dict(
        img=rng.integers(0, 256, (height, width, 3), np.uint8),
        gt_seg_map=rng.integers(0, 2**24, (height, width)).astype(np.int32),
        rng=rng,
    )


def test_resizes_are_those_of_pillow():
    rng = np.random.default_rng(1)
    for seed in range(60):
        results = _results(*rng.integers(1, 80, 2), seed)
        scaled = rng.integers(1, 160, 2)
        size = tuple(scaled[::-1].tolist())
        image = Image.fromarray(results['img'])
        whole = np.array(image.resize(size, Image.Resampling.BILINEAR))
        resized = resize_image(results['img'][:, ::-1], scaled)[:, ::-1]
        difference = np.abs(resized.astype(int) - whole)
        assert difference.max() <= 1
        assert difference.mean() < 0.35
        assert resized.dtype == np.uint8

        shape = rng.integers(1, scaled, endpoint=True)
        start = rng.integers(scaled - shape, endpoint=True)
        cut = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
        ids = Image.fromarray(results['gt_seg_map'])
        whole = np.array(ids.resize(size, Image.Resampling.NEAREST))
        part = resize_ids_part(results['gt_seg_map'], scaled, start, shape)
        assert (part == whole[cut]).all()
        assert part.dtype == np.int32


def test_image_and_ids_are_cut_alike():
    """Segments are areas of one colour, whose inner pixels stay."""
    for seed in range(20):
        results = _results(3, 4, seed)
        ids = np.arange(1, 13, dtype=np.int32).reshape(3, 4)
        results['gt_seg_map'] = ids.repeat(20, 0).repeat(20, 1)
        colours = 20 * results['gt_seg_map'][..., None].astype(np.uint8)
        results['img'] = colours.repeat(3, axis=2)
        results = RandomScaleCrop((64, 64), (1, 2))(results)
        image = results['img'][..., 0].astype(int)
        same = image == 20 * results['gt_seg_map']
        assert image.shape == results['gt_seg_map'].shape
        assert same.mean() > 0.75


def test_scale_is_relative_to_the_crop_and_rounds_half_to_even():
    """(200, 400) into s (100, 100): factor s / 4; s = 0.5 gives (25, 50)."""
    transform = RandomScaleCrop((100, 100), (0.5, 0.5))
    results = transform(_results(200, 400))
    assert results['img'].shape == (25, 50, 3)
    assert results['gt_seg_map'].shape == results['img_shape'] == (25, 50)
    assert results['scale_factor'] == (0.125, 0.125)
    assert results['crop_size'] == (100, 100)
    # 5 * 0.5 = 2.5 rounds to 2, 7 * 0.5 = 3.5 to 4.
    results = RandomScaleCrop((5, 7), (0.5, 0.5))(_results(5, 7))
    assert results['img_shape'] == (2, 4)
    # A tiny image keeps a pixel.
    results = RandomScaleCrop((10, 10), (0.2, 0.2))(_results(3, 200))
    assert results['img_shape'] == (1, 2)
    # The crop size can come with the results.
    results = RandomScaleCrop(scale_range=(1, 1))(
        _results(10, 20) | dict(crop_size=(30, 40))
    )
    assert results['img_shape'] == (20, 40)
    assert results['crop_size'] == (30, 40)


def test_a_large_image_is_cropped_along_the_long_side_only():
    transform = RandomScaleCrop((64, 64), (1.5, 1.5))
    starts = set()
    for seed in range(20):
        ids = np.tile(np.arange(96, dtype=np.int32), (48, 1))
        results = transform(_results(48, 96, seed) | dict(gt_seg_map=ids))
        assert results['img_shape'] == (48, 64)  # (48, 96) before the crop
        row = results['gt_seg_map'][0]
        assert (np.diff(row) == 1).all()
        starts.add(int(row[0]))
    assert len(starts) > 8
    assert starts <= set(range(33))


@pytest.mark.parametrize(
    'wrong',
    [dict(scale_range=(0, 1)), dict(scale_range=(2, 1)), dict(num_scales=1)],
)
def test_a_wrong_range_is_an_error(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RandomScaleCrop((10, 10), **wrong)


def test_scales_are_drawn_evenly_from_a_list_or_the_range():
    """0.5, 1.0, 1.5 times a crop of 100; 0.2 to 2."""
    transform = RandomScaleCrop((100, 100), (0.5, 1.5), num_scales=3)
    sizes = []
    for seed in range(300):
        results = transform(_results(8, 8, seed))
        sizes.append(round(8 * results['scale_factor'][0]))
    values, counts = np.unique(sizes, return_counts=True)
    assert values.tolist() == [50, 100, 150]
    assert counts.min() > 70
    transform = RandomScaleCrop((1000, 1000), (0.2, 2.0))
    results = _results(10, 10)
    factors = [transform(dict(results))['scale_factor'][0] for _ in range(60)]
    assert 20 <= min(factors) < 45
    assert 170 < max(factors) <= 200


def _labelled(labelled: int, crop: int = 129) -> dict:
    """A square crop with this number of labelled locations at stride 4."""
    side = (crop + 3) // 4
    ids = np.zeros((crop, crop), np.int32)
    locations = 7 * (np.arange(side * side) < labelled)
    ids[::4, ::4] = locations.reshape(side, side)
    ids[1::4] = 7  # between the locations: does not count
    return dict(gt_seg_map=ids, crop_size=(crop, crop), retries_left=1)


@pytest.mark.parametrize(
    ('crop', 'minimum', 'labelled', 'kept'),
    [
        (129, None, 43, False),  # 33 * 33 // 25 = 43; equal is not enough
        (129, None, 44, True),
        (129, 5, 5, False),
        (129, 5, 6, True),
        (1281, None, 4096, False),  # 321 * 321 // 25 = 4121 > 4096
        (1281, None, 4097, True),
    ],
)
def test_more_than_the_minimum_is_needed(crop, minimum, labelled, kept):
    results = _labelled(labelled, crop)
    assert (FilterUnlabeledCrops(minimum)(results) is results) == kept
    for last in (dict(retries_left=0), dict(retries_left=0, gt_seg_map=None)):
        results = _labelled(0) | last
        assert FilterUnlabeledCrops(minimum)(results) is results


def test_sizes_equal_the_golden_table_and_images_pillows():
    rows = load_case('inference.test_sizes')['expected']
    assert len(rows) == 8
    for row in rows:
        limits = row['test_short'], row['test_max']
        assert [*resized_shape(*row['original'], *limits)] == row['resized']
    image = np.random.default_rng(0).integers(0, 256, (30, 47, 3), np.uint8)
    results = ResizeShortestSide(65, 65)(dict(img=image))
    expected = Image.fromarray(image).resize((65, 41), Image.BILINEAR)
    assert (results['img'] == np.array(expected)).all()
    assert results['img_shape'] == (41, 65)
    assert results['scale_factor'] == (65 / 47, 41 / 30)
    assert resized_shape(1, 900, 65, 65) == (1, 65)  # never 0
