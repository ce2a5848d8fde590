"""CamVid's label maps become one stuff segment for each class."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.conversion.camvid import CATEGORIES, convert_camvid
from mmremax.datasets.panoptic_png import read_ids

LABELS = np.full((6, 8), 3, np.uint8)  # road
LABELS[:2] = 0  # sky
LABELS[2, :4] = 11  # void
LABELS[3, 0] = 10  # bicyclist
LABELS[5, 7] = 255  # void in files that mmseg reads


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for split in ('train', 'val'):
        for folder, pixels in ((split, LABELS), (f'{split}annot', LABELS)):
            (tmp_path / folder).mkdir()
            Image.fromarray(pixels).save(tmp_path / folder / '0001.png')
    return tmp_path


def test_a_class_is_a_segment(root: Path) -> None:
    entries = list(convert_camvid(root, 'val', root))
    content = json.loads((root / 'panoptic_val.json').read_text())
    assert content['annotations'] == entries
    assert content['categories'] == CATEGORIES
    (image,) = content['images']
    assert image == dict(id='0001', file_name='0001.png', height=6, width=8)
    areas = {s['category_id']: s['area'] for s in entries[0]['segments_info']}
    assert areas == {0: 16, 3: 48 - 16 - 4 - 1 - 1, 10: 1}
    ids = read_ids(root / 'panoptic_val/0001.png', '')
    np.testing.assert_array_equal(ids == 0, np.isin(LABELS, (11, 255)))
    assert len(np.unique(ids)) == 4


def test_what_does_not_fit_is_named(root: Path) -> None:
    path = root / 'valannot/0001.png'
    Image.fromarray(LABELS + 9).save(path)
    with pytest.raises(ValueError, match=r'0001.png has the value 12'):
        list(convert_camvid(root, 'val', root))
    Image.fromarray(LABELS[:3]).save(path)
    with pytest.raises(ValueError, match=r'\(3, 8\), its image \(6, 8\)'):
        list(convert_camvid(root, 'val', root))
    assert not (root / 'panoptic_val.json').exists()
    with pytest.raises(FileNotFoundError, match='SegNet'):
        list(convert_camvid(root, 'test', root))
