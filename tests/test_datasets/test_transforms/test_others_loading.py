"""Pipelines of mmseg and mmdet refuse what ours refuse."""

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS as DET_TRANSFORMS
from mmengine.registry import TRANSFORMS
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS as SEG_TRANSFORMS
from PIL import Image

from mmremax.datasets.transforms import others_loading as ours
from mmremax.utils.safe_loading import safe_loading
from mmremax_runtime import ImageError
from tests.helpers import tiny


@pytest.fixture
def steps():
    """Steps as a config of mmseg gets them in our commands."""
    with safe_loading():
        found = [
            SEG_TRANSFORMS.build(dict(type=f'mmseg.{name}'))
            for name in ('LoadImageFromFile', 'LoadAnnotations')
        ]
        name = 'LoadPanopticAnnotations'
        assert DET_TRANSFORMS.get(name) is ours.LoadCheckedSegments
    return found


def sample(folder) -> dict:
    paths = [str(folder / name) for name in ('image.png', 'map.png')]
    return dict(
        zip(('img_path', 'seg_map_path'), paths, strict=True),
        seg_fields=[],
        reduce_zero_label=False,
    )


@pytest.fixture
def written(tmp_path):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / 'image.png')
    labels = rng.integers(0, 4, (8, 12), np.uint8)
    Image.fromarray(labels).save(tmp_path / 'map.png')
    return tmp_path


def load(steps, folder) -> dict:
    results = sample(folder)
    for step in steps:
        results = step(results)
    return results


def test_what_is_right_is_loaded_as_by_others(steps, written):
    found, expected = load(steps, written), sample(written)
    for step in (LoadImageFromFile(), LoadAnnotations()):
        expected = step(expected)
    assert found.keys() == expected.keys()
    for key in ('img', 'gt_seg_map'):
        np.testing.assert_array_equal(found[key], expected[key])
        assert found[key].dtype == expected[key].dtype
    assert TRANSFORMS.get('LoadImageFromFile') is LoadImageFromFile
    assert SEG_TRANSFORMS.get('LoadAnnotations') is LoadAnnotations


LABELS = np.zeros((8, 12), np.uint8)
FAULTS = {
    'a grey image of 16 bits': (
        'image.png',
        Image.fromarray(np.zeros((8, 12), np.uint16)),
        'image.png has more than 8 bits',
    ),
    'a colour map': (
        'map.png',
        Image.fromarray(LABELS).convert('RGB'),
        'map.png has the mode RGB',
    ),
    'a map of 16 bits': (
        'map.png',
        Image.fromarray(LABELS.astype(np.uint16)),
        'map.png has the mode I;16',
    ),
    'a map of one bit': (
        'map.png',
        Image.fromarray(LABELS > 0),
        'map.png has 1 bits a pixel',
    ),
    'a map of another size': (
        'map.png',
        Image.fromarray(LABELS[:, 1:]),
        r'map.png has the size \(8, 11\), its image \(8, 12\)',
    ),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_what_misleads_is_refused(steps, written, fault):
    name, image, text = FAULTS[fault]
    image.save(written / name)
    with pytest.raises(ImageError, match=text):
        load(steps, written)


def test_a_jpeg_holds_no_labels(steps, written):
    Image.fromarray(LABELS).save(written / 'map.png', 'JPEG')
    with pytest.raises(ImageError, match="map.png has a JPEG's rounded"):
        load(steps, written)


@pytest.mark.parametrize('name', ['image.png', 'map.png'])
def test_damaged_and_missing_files_are_named(steps, written, name):
    path = written / name
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ImageError, match=f'{name} is no readable image'):
        load(steps, written)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f'{name} does not exist: '):
        load(steps, written)


def test_panoptic_pngs_of_mmdet(tmp_path):
    tables = [tiny.SEGMENTS[1:]]
    tiny.write_tiny(tmp_path, [tiny.id_map()], tables)
    results = dict(
        seg_map_path=str(tmp_path / 'seg/0_pan.png'),
        segments_info=tables[0],
        ori_shape=(32, 48),
    )
    step = ours.LoadCheckedSegments(with_bbox=False, with_label=False)
    with pytest.raises(ImageError, match='pixels of segment id 300'):
        step(results)
