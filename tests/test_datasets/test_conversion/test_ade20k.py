"""From the archive's folders to PQ, with ids as published."""

import json

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets.conversion.ade20k import CATEGORIES, convert_ade20k
from mmremax.datasets.panoptic_png import read_ids
from tests.helpers.original_layouts import write_ade20k


def test_categories_are_the_published_ones():
    assert [c['id'] for c in CATEGORIES] == list(range(150))
    things = [c['name'] for c in CATEGORIES if c['isthing']]
    assert len(things) == 100
    # Places of the instance challenge, which numbers its classes from 1.
    known = {1: 'bed', 8: 'chair', 26: 'chest of drawers', 60: 'apparel'}
    known |= {49: 'arcade machine', 85: 'screen', 100: 'flag'}
    for number, name in known.items():
        assert things[number - 1] == name


def test_instances_lie_on_stuff(tmp_path):
    write_ade20k(tmp_path)
    entries = list(convert_ade20k(tmp_path, 'val', tmp_path))
    content = json.loads((tmp_path / 'panoptic_val.json').read_text())
    assert content['annotations'] == entries
    names = [image['file_name'] for image in content['images']]
    assert names == ['ADE_val_00000001.jpg', 'ADE_val_00000002.jpg']
    entry = entries[0]
    name = 'ADE_val_00000001'
    assert (entry['image_id'], entry['file_name']) == (name, f'{name}.png')
    found = [(s['category_id'], s['area']) for s in entry['segments_info']]
    floor = 18 * 56 - 10 * 34 - 2 * 4
    wall = 26 * 56 - 20 * 16 - 8 * 12
    bed, flag = (7, 20 * 16), (149, 8 * 6)
    chairs = [(19, 8), (19, 10 * 14), (19, 10 * 20)]
    assert sorted(found) == [(0, wall), (3, floor), bed, *chairs, flag]
    ids = read_ids(str(tmp_path / 'panoptic_val/ADE_val_00000001.png'), '')
    assert (ids[:4] == 0).all()
    assert (ids[12:20, 30:36] == 0).all()  # a flag, but no instance
    assert len(np.unique(ids)) == 8


def test_what_does_not_fit_is_named(tmp_path):
    write_ade20k(tmp_path)
    path = tmp_path / 'annotations_instance/validation/ADE_val_00000002.png'
    values = np.array(Image.open(path))
    values[0, 0] = (2, 1, 0)
    Image.fromarray(values).save(path)
    with pytest.raises(ValueError, match=r'00002.png: instance 1 .* class 2'):
        list(convert_ade20k(tmp_path, 'val', tmp_path))
    Image.fromarray(values[:, :9]).save(path)
    with pytest.raises(ValueError, match='not the map of this image'):
        list(convert_ade20k(tmp_path, 'val', tmp_path))
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r'ADE_val_00000002.png'):
        list(convert_ade20k(tmp_path, 'val', tmp_path))
    with pytest.raises(FileNotFoundError, match='ADEChallengeData2016.zip'):
        list(convert_ade20k(tmp_path / 'images', 'val', tmp_path))
