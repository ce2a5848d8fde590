"""The masks of a picture become its nuclei, the rest is background."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.annotation_file import AnnotationError
from mmremax.datasets.conversion.nuclei import convert_nuclei, find_images
from mmremax.datasets.panoptic_png import read_ids


def write_picture(root: Path, name: str, masks: list, size=(10, 12)) -> None:
    """Write one picture, with an alpha channel as in the archive."""
    for folder in ('images', 'masks'):
        (root / name / folder).mkdir(parents=True, exist_ok=True)
    pixels = np.full((*size, 4), 255, np.uint8)
    Image.fromarray(pixels).save(root / f'{name}/images/{name}.png')
    for number, (rows, columns) in enumerate(masks):
        mask = np.zeros(size, np.uint8)
        mask[rows, columns] = 255
        Image.fromarray(mask).save(root / f'{name}/masks/{number}.png')


LARGE, SMALL = np.s_[0:6, 0:6], np.s_[4:7, 4:7]


def test_masks_and_background(tmp_path: Path) -> None:
    for number in range(5):
        write_picture(tmp_path, f'{number}', [SMALL, LARGE])
    entries = list(convert_nuclei(tmp_path, 'val', tmp_path))
    content = json.loads((tmp_path / 'panoptic_val.json').read_text())
    (image,) = content['images']  # the fifth
    assert image == dict(
        id='4', file_name='4/images/4.png', height=10, width=12
    )
    table = entries[0]['segments_info']
    found = sorted((s['category_id'], s['area']) for s in table)
    # Two by two pixels are claimed twice, and are the smaller nucleus's.
    assert found == [(1, 9), (1, 36 - 4), (2, 120 - 9 - 32)]
    ids = read_ids(tmp_path / 'panoptic_val/4.png', '')
    assert (ids[4:7, 4:7] == ids[6, 6]).all()
    assert (ids != 0).all()


def test_every_size_is_in_both_splits(tmp_path: Path) -> None:
    for number in range(5):
        write_picture(tmp_path, f'a{number}', [])
        write_picture(tmp_path, f'b{number}', [], (8, 8))
    val = [path.stem for path in find_images(tmp_path, 'val')]
    assert val == ['a4', 'b4']
    train = [path.stem for path in find_images(tmp_path, 'train')]
    assert sorted(train + val) == [f'{k}{n}' for k in 'ab' for n in range(5)]
    (entry,) = list(convert_nuclei(tmp_path, 'val', tmp_path))[:1]
    assert [s['category_id'] for s in entry['segments_info']] == [2]


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='stage1_train'):
        find_images(tmp_path, 'train')
    write_picture(tmp_path, 'a', [LARGE])
    Image.new('L', (3, 4)).save(tmp_path / 'a/masks/0.png')
    with pytest.raises(ValueError, match=r'0.png is \(4, 3\), its picture'):
        list(convert_nuclei(tmp_path, 'train', tmp_path))
    with pytest.raises(AnnotationError, match='val.json would have no image'):
        list(convert_nuclei(tmp_path, 'val', tmp_path))
    shutil.rmtree(tmp_path / 'a/masks')
    with pytest.raises(FileNotFoundError, match='without masks .stage1_test'):
        list(convert_nuclei(tmp_path, 'train', tmp_path))
    (tmp_path / 'a/images/a.png').write_text('broken')
    with pytest.raises(ValueError, match=r'a.png is no readable image'):
        find_images(tmp_path, 'train')
