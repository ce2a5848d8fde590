import os

import numpy as np
import pytest
from PIL import Image

from mmremax_runtime import ImageError, list_images, read_image
from mmremax_runtime.images import MAX_PIXELS, decode_image, open_image
from tests.helpers.bad_images import claim

RGB = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


def test_path_pil_and_array_agree(tmp_path):
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    for source in (
        tmp_path / 'a.png',
        str(tmp_path / 'a.png'),
        Image.fromarray(RGB),
    ):
        assert (read_image(source) == RGB).all()
    assert (read_image(RGB, 'rgb') == RGB).all()
    assert (read_image(RGB[..., ::-1], 'bgr') == RGB).all()
    assert read_image(RGB[..., 0]).shape == (2, 4, 3)


@pytest.mark.parametrize('mode', ['L', '1', 'P', 'RGBA', 'LA', 'CMYK'])
def test_other_modes_become_rgb(tmp_path, mode):
    ending = 'tif' if mode == 'CMYK' else 'png'
    path = tmp_path / f'a.{ending}'
    Image.fromarray(RGB).convert(mode).save(path)
    image = read_image(path)
    assert image.shape == (2, 4, 3)
    assert image.dtype == np.uint8


def test_a_photograph_with_its_preview_is_one_picture(tmp_path):
    image, preview = Image.new('RGB', (4, 2)), Image.new('RGB', (2, 1))
    path = tmp_path / 'a.jpg'
    image.save(path, 'MPO', save_all=True, append_images=[preview])
    assert read_image(path).shape == (2, 4, 3)


def test_exif_turns_the_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.fromarray(RGB).save(tmp_path / 'a.png', exif=exif)
    assert (read_image(tmp_path / 'a.png') == np.rot90(RGB, -1)).all()


@pytest.mark.parametrize(
    ('source', 'order', 'says'),
    [
        (RGB, None, "channel_order='bgr'"),
        (RGB, 'RGB', 'channel_order'),
        (RGB / 255, 'rgb', 'float64'),
        (RGB[None], 'rgb', r'\(1, 2, 4, 3\)'),
        (np.zeros((2, 2, 4), np.uint8), 'rgb', r'\(2, 2, 4\)'),
        (np.zeros((0, 4, 3), np.uint8), 'rgb', r'\(0, 4, 3\)'),
        (np.zeros((0, 4), np.uint8), None, r'\(0, 4\)'),
        (7, None, 'int is no image'),
    ],
)
def test_what_is_no_image(source, order, says):
    with pytest.raises(ImageError, match=says):
        read_image(source, order)


def test_bad_files_are_named_in_one_line(tmp_path):
    (tmp_path / 'text.jpg').write_text('hello')
    (tmp_path / 'empty.png').touch()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    Image.fromarray(noise.astype(np.uint8)).save(tmp_path / 'a.png')
    content = (tmp_path / 'a.png').read_bytes()
    (tmp_path / 'cut.png').write_bytes(content[: len(content) // 2])
    Image.new('I;16', (4, 4)).save(tmp_path / 'deep.png')
    Image.new('F', (4, 4)).save(tmp_path / 'float.tif')
    pages = [Image.new('L', (4, 4), i) for i in range(3)]
    pages[0].save(tmp_path / 'pages.tif', save_all=True, append_images=pages)
    claim(tmp_path / 'bomb.png', 100_000, 10_000)
    claim(tmp_path / 'large.png', MAX_PIXELS // 8 + 1, 8)
    for name, says in {
        'text.jpg': 'no readable image',
        'empty.png': 'no readable image',
        'cut.png': 'no readable image',
        'deep.png': 'more than 8 bits',
        'float.tif': 'more than 8 bits',
        'pages.tif': 'holds 4 pictures',
        'bomb.png': 'pixels',
        'large.png': 'x 8 pixels, more than',
        'missing.png': 'No such file',
    }.items():
        with pytest.raises(ImageError, match=says) as caught:
            read_image(tmp_path / name)
        assert name in str(caught.value)
        assert '\n' not in str(caught.value)


def test_a_jpeg_damaged_in_the_middle(tmp_path):
    """Pillow decodes it; healthy ones of all kinds pass."""
    pytest.importorskip('av')
    noise = np.random.default_rng(0).integers(0, 256, (120, 90, 3))
    image, path = Image.fromarray(noise.astype(np.uint8)), tmp_path / 'a.jpg'
    for kind in ('RGB', 'L', 'CMYK'):
        for options in (
            dict(quality=100, progressive=True),
            dict(quality=5, restart_marker_blocks=3),
            dict(subsampling='4:2:2', comment=b'text', optimize=True),
        ):
            image.convert(kind).save(path, **options)
            read_image(path)
    image.save(path, quality=90)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + content[middle + 1000 :])
    Image.open(path).load()
    with pytest.raises(ImageError, match=r'a\.jpg is damaged inside'):
        read_image(path)


def test_sizes_are_judged_by_the_header(tmp_path):
    path = claim(tmp_path / 'large.png', 100, 200)
    content = path.read_bytes()
    with open_image(content, 'large.png', 20_000) as image:
        assert image.size == (100, 200)
    for read in (decode_image, lambda *a: open_image(*a).__enter__()):
        with pytest.raises(ImageError, match='large.png has 100 x 200'):
            read(content, 'large.png', 19_999)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'a.png')
    with pytest.raises(ImageError, match=r'a\.png is a pipe'):
        read_image(tmp_path / 'a.png')


def test_a_folder(tmp_path):
    with pytest.raises(ImageError, match='holds no image'):
        list_images(tmp_path)
    with pytest.raises(ImageError, match='no folder'):
        list_images(tmp_path / 'other')
    for name in ('b.PNG', 'a.jpg', 'notes.txt'):
        (tmp_path / name).touch()
    names = [path.name for path in list_images(tmp_path)]
    assert names == ['a.jpg', 'b.PNG']
