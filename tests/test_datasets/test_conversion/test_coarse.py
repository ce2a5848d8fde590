"""Coarser classes: things stay apart, stuff of one class is one segment."""

import json
from pathlib import Path

import numpy as np
import pytest

from mmremax.datasets.annotation_file import AnnotationError, load_annotations
from mmremax.datasets.conversion.coarse import (
    coarse_categories,
    convert_to_coarse,
)
from mmremax.datasets.panoptic_png import read_ids
from mmremax_runtime.images import ImageError
from tests.helpers import tiny

MAPPING = dict(cat='animal', dog='animal', sky='ground', sea='ground')


def test_tiny_data(tmp_path: Path) -> None:
    path = tiny.write_tiny(tmp_path, [tiny.id_map()], [tiny.SEGMENTS])
    out = tmp_path / 'coarse.json'
    content = load_annotations(str(path))
    (entry,) = convert_to_coarse(content, tmp_path / 'seg', out, MAPPING)
    assert json.loads(out.read_text())['categories'] == [
        dict(id=1, name='animal', isthing=1),
        dict(id=2, name='ground', isthing=0),
    ]
    table = {s['id']: s for s in entry['segments_info']}
    assert list(table) == [tiny.CAT, tiny.CROWD, tiny.SEA]
    assert [s['category_id'] for s in table.values()] == [1, 1, 2]
    assert [s['iscrowd'] for s in table.values()] == [0, 1, 0]
    expected = tiny.id_map()
    expected[expected == tiny.SKY] = tiny.SEA
    ids = read_ids(tmp_path / 'coarse' / entry['file_name'], '')
    np.testing.assert_array_equal(ids, expected)
    assert table[tiny.SEA]['area'] == (expected == tiny.SEA).sum()


def test_what_cannot_be_joined_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match='no coarse name in "super'):
        coarse_categories(tiny.CATEGORIES)
    with pytest.raises(AnnotationError, match=r"'cat' has .* the mapping"):
        coarse_categories(tiny.CATEGORIES, dict(sky='up'))
    mixed = dict.fromkeys(MAPPING, 'all')
    with pytest.raises(AnnotationError, match="'all' would hold things"):
        coarse_categories(tiny.CATEGORIES, mixed)
    table = tiny.SEGMENTS[1:]
    path = tiny.write_tiny(tmp_path, [tiny.id_map()], [table])
    content = load_annotations(str(path))
    images = convert_to_coarse(
        content, tmp_path / 'seg', tmp_path / 'coarse.json', MAPPING
    )
    with pytest.raises(
        ImageError, match='which "segments_info" of its json lacks'
    ):
        list(images)
