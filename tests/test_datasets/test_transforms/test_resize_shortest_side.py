"""Test-time sizes against the golden table and Pillow."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from mmremax.datasets import ResizeShortestSide
from mmremax.datasets.transforms.geometry import resized_shape

GOLDEN = Path(__file__).parents[2] / 'golden/kmax.json'


def test_sizes_equal_the_golden_table():
    cases = json.loads(GOLDEN.read_text())['cases']
    case = next(c for c in cases if c['id'] == 'inference.test_sizes')
    assert len(case['expected']) == 8
    for row in case['expected']:
        shape = resized_shape(
            *row['original'], row['test_short'], row['test_max']
        )
        assert list(shape) == row['resized']


def test_image_equals_pillows_bilinear():
    image = np.random.default_rng(0).integers(0, 256, (30, 47, 3), np.uint8)
    results = ResizeShortestSide(65, 65)(dict(img=image))
    expected = Image.fromarray(image).resize((65, 41), Image.BILINEAR)
    assert (results['img'] == np.array(expected)).all()
    assert results['img_shape'] == (41, 65)
    assert results['scale_factor'] == (65 / 47, 41 / 30)
