"""From the folders of the download to PQ, as cityscapesscripts has it."""

import json
import shutil

import numpy as np
import pytest
from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic
from PIL import Image

from mmremax.datasets.conversion.cityscapes import convert_cityscapes
from tests.helpers.original_layouts import write_cityscapes


def test_equal_to_cityscapesscripts(tmp_path):
    write_cityscapes(tmp_path)
    entries = list(convert_cityscapes(tmp_path, 'val', tmp_path))
    theirs = tmp_path / 'official'
    theirs.mkdir()
    convert2panoptic(str(tmp_path / 'gtFine'), str(theirs), True, ['val'])
    stem = theirs / 'cityscapes_panoptic_val_trainId'
    expected = json.loads(stem.with_suffix('.json').read_text())
    found = json.loads((tmp_path / 'panoptic_val.json').read_text())
    assert found['categories'] == expected['categories']
    assert found['annotations'] == expected['annotations'] == entries
    for image, other in zip(found['images'], expected['images'], strict=True):
        name = image.pop('file_name')
        assert (tmp_path / 'leftImg8bit/val' / name).is_file()
        del other['file_name']  # it lacks the folder and names gtFine
        assert image == other
    for entry in found['annotations']:
        name = entry['file_name']
        ours = np.array(Image.open(tmp_path / 'panoptic_val' / name))
        np.testing.assert_array_equal(ours, np.array(Image.open(stem / name)))


def test_what_is_missing_is_named(tmp_path):
    write_cityscapes(tmp_path)
    with pytest.raises(FileNotFoundError, match='gtFine_trainvaltest.zip'):
        list(convert_cityscapes(tmp_path / 'gtFine', 'val', tmp_path))
    stem = 'bochum/bochum_000001_000019'
    path = tmp_path / f'leftImg8bit/val/{stem}_leftImg8bit.png'
    Image.new('RGB', (9, 9)).save(path)
    with pytest.raises(ValueError, match=r'bochum.*\(64, 128\).*\(9, 9\)'):
        list(convert_cityscapes(tmp_path, 'val', tmp_path))
    shutil.rmtree(tmp_path / 'leftImg8bit')
    with pytest.raises(FileNotFoundError, match='leftImg8bit_trainvaltest'):
        list(convert_cityscapes(tmp_path, 'val', tmp_path))
    assert not (tmp_path / 'panoptic_val.json').exists()
