"""From the folders of the download to PQ, as cityscapesscripts has it."""

import contextlib
import io
import json
import shutil

import numpy as np
import pytest
from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic
from PIL import Image

from mmremax.datasets.conversion.cityscapes import convert_cityscapes
from tests.helpers.original_layouts import write_cityscapes


@pytest.fixture
def root(tmp_path):
    write_cityscapes(tmp_path)
    return tmp_path


def test_equal_to_cityscapesscripts(root):
    entries = list(convert_cityscapes(root, 'val', root))
    theirs = root / 'official'
    theirs.mkdir()
    with contextlib.redirect_stdout(io.StringIO()):
        convert2panoptic(str(root / 'gtFine'), str(theirs), True, ['val'])
    stem = theirs / 'cityscapes_panoptic_val_trainId'
    expected = json.loads(stem.with_suffix('.json').read_text())
    found = json.loads((root / 'panoptic_val.json').read_text())
    assert found['categories'] == expected['categories']
    assert found['annotations'] == expected['annotations'] == entries
    for image, other in zip(found['images'], expected['images'], strict=True):
        assert (root / 'leftImg8bit/val' / image.pop('file_name')).is_file()
        del other['file_name']  # it lacks the folder and names gtFine
        assert image == other
    for entry in found['annotations']:
        name = entry['file_name']
        ours = np.array(Image.open(root / 'panoptic_val' / name))
        np.testing.assert_array_equal(ours, np.array(Image.open(stem / name)))


def test_what_is_missing_is_named(root):
    with pytest.raises(FileNotFoundError, match='gtFine_trainvaltest.zip'):
        list(convert_cityscapes(root / 'gtFine', 'val', root))
    path = root / 'leftImg8bit/val/bochum/bochum_000001_000019_leftImg8bit.png'
    Image.new('RGB', (9, 9)).save(path)
    with pytest.raises(ValueError, match=r'bochum.*\(64, 128\).*\(9, 9\)'):
        list(convert_cityscapes(root, 'val', root))
    shutil.rmtree(root / 'leftImg8bit')
    with pytest.raises(FileNotFoundError, match='leftImg8bit_trainvaltest'):
        list(convert_cityscapes(root, 'val', root))
    assert not (root / 'panoptic_val.json').exists()
