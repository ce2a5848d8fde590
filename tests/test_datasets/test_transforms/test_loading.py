"""Loading: ids, crowds as void, and one clear error for each fault."""

import numpy as np
import pytest
from PIL import Image

from mmremax.datasets import (
    LoadPanopticImage,
    LoadPanopticMap,
    PanopticDataset,
)
from mmremax.datasets.panoptic_png import colours_to_ids, read_ids, replace_ids
from mmremax_runtime import ImageError
from mmremax_runtime.segmentation import ids_to_colours
from tests.helpers import tiny
from tests.helpers.sample_data import (
    ANN_FILE,
    DATA_PREFIX,
    needs_sample,
    sample_root,
)


def test_colour_code_is_r_256_g_65536_b():
    colours = np.array([[[5, 0, 0], [44, 1, 0], [112, 17, 1]]], np.uint8)
    ids = colours_to_ids(colours)
    assert ids.tolist() == [[5, 300, 70000]]
    assert ids.dtype == np.int32
    assert (ids_to_colours(ids) == colours).all()
    assert (ids_to_colours(ids.astype(np.int64)) == colours).all()


def test_a_size_above_the_limit_is_refused(results):
    """On the header: see the test of `open_image`."""
    LoadPanopticImage(max_pixels=48 * 32)(dict(results))
    with pytest.raises(ImageError, match='48 x 32 pixels, more than 1535'):
        LoadPanopticImage(max_pixels=48 * 32 - 1)(results)


@pytest.mark.parametrize('shape', [(1, 1), (7, 5), (40, 30)])
@pytest.mark.parametrize('highest', [1, 3, 2**24])
def test_ids_are_replaced_one_by_one(shape, highest):
    ids = np.random.default_rng(0).integers(0, highest, shape)
    replaced = replace_ids(ids[:, ::-1], lambda ids: 7 - 2 * ids)
    assert (replaced == 7 - 2 * ids[:, ::-1]).all()


def info_of(folder, ids):
    ann_file = tiny.write_tiny(folder, [ids], [tiny.SEGMENTS])
    return tiny.tiny_dataset(ann_file).get_data_info(0)


@pytest.fixture
def results(tmp_path):
    return info_of(tmp_path, tiny.id_map())


def test_images_are_rgb_segments_numbered_and_crowds_void(results):
    Image.new('RGB', (48, 32), (200, 100, 50)).save(results['img_path'])
    loaded = LoadPanopticMap()(LoadPanopticImage()(results))
    assert (loaded['img'] == [200, 100, 50]).all()
    assert loaded['img'].shape == (32, 48, 3)
    assert loaded['img'].dtype == np.uint8
    assert loaded['ori_shape'] == loaded['img_shape'] == (32, 48)
    ids = (0, tiny.SEA, tiny.CAT, tiny.CROWD, tiny.SKY)
    number = dict(zip(ids, (0, 1, 2, 0, 4), strict=True))  # table's places
    expected = np.vectorize(number.get)(tiny.id_map())
    assert (loaded['gt_seg_map'] == expected).all()
    assert loaded['gt_seg_map'].dtype == np.int16
    assert [s['id'] for s in loaded['segments_info']] == [1, 2, 3, 4]
    assert [s['category'] for s in loaded['segments_info']] == [3, 0, 1, 2]


def test_missing_and_misfit_files_are_named(results, tmp_path):
    image, png = tmp_path / 'img/0.bmp', tmp_path / 'seg/0_pan.png'
    Image.new('RGB', (40, 32)).save(image)
    with pytest.raises(ValueError, match='the annotation file says'):
        LoadPanopticImage()(results)
    results['width'] = 40
    with pytest.raises(ValueError, match='do not belong together'):
        LoadPanopticMap()(LoadPanopticImage()(results))
    Image.new('RGB', (48, 32)).save(image)
    results['width'] = 48
    png.write_bytes(png.read_bytes()[:60])
    with pytest.raises(ValueError, match='0_pan.png is no readable image'):
        LoadPanopticMap()(LoadPanopticImage()(results))
    png.unlink()
    with pytest.raises(FileNotFoundError, match='0_pan.png.*unpack'):
        LoadPanopticMap()(LoadPanopticImage()(results))
    image.write_bytes(b'nothing')
    with pytest.raises(ValueError, match='0.bmp is no readable image'):
        LoadPanopticImage()(results)
    image.unlink()
    with pytest.raises(FileNotFoundError, match='0.bmp.*fetch'):
        LoadPanopticImage()(results)


@pytest.mark.parametrize('dtype', ['uint16', 'int32', 'float32'])
def test_deep_grey_images_are_refused(tmp_path, dtype):
    """Pillow would make 16 bits of a microscope white, and say nothing."""
    path = tmp_path / 'deep.tif'
    pixels = np.linspace(0, 60000, 64).reshape(8, 8).astype(dtype)
    Image.fromarray(pixels).save(path)
    with pytest.raises(ValueError, match='deep.tif has more than 8 bits'):
        LoadPanopticImage()(dict(img_path=str(path)))


@pytest.mark.parametrize('mode', ['L', '1', 'P', 'LA', 'RGBA', 'CMYK'])
def test_every_mode_of_8_bits_is_read_as_rgb(tmp_path, mode):
    """Greyscale photographs, palettes, transparency."""
    grey = np.zeros((6, 8), np.uint8)
    grey[:, 4:] = 255
    path = tmp_path / 'image.tif'
    Image.fromarray(grey).convert(mode).save(path)
    image = LoadPanopticImage()(dict(img_path=str(path)))['img']
    assert (image == grey[..., None].repeat(3, 2)).all()


def test_a_map_that_is_turned_does_not_belong(results, tmp_path):
    """By an EXIF entry; its header has the right size."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / 'seg/0_pan.png'
    with Image.open(path) as image:
        image.save(path, exif=exif)
    with pytest.raises(ValueError, match=r'has the size \(48, 32\)'):
        LoadPanopticMap()(LoadPanopticImage()(results))


def test_an_id_that_the_json_lacks_is_named(tmp_path):
    ids = tiny.id_map()
    ids[0, 0] = 12345
    with pytest.raises(ValueError, match='0_pan.png has pixels of.* 12345'):
        LoadPanopticMap()(LoadPanopticImage()(info_of(tmp_path, ids)))


@needs_sample
def test_the_three_crowds_of_the_sample_are_void():
    data = PanopticDataset(ANN_FILE, str(sample_root()), DATA_PREFIX)
    areas = []
    for index in range(len(data)):
        info = data.get_data_info(index)
        table = info['segments_info']
        loaded = LoadPanopticMap()(LoadPanopticImage()(info))
        raw = read_ids(info['seg_map_path'], '')
        for number, row in enumerate(table, start=1):
            mask = raw == row['id']
            assert mask.sum() == row['area']
            expected = 0 if row['iscrowd'] else number
            assert (loaded['gt_seg_map'][mask] == expected).all()
            if row['iscrowd']:
                areas.append(int(mask.sum()))
    assert sorted(areas) == [421, 7839, 24295]
