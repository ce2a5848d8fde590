"""KMaXDataPreprocessor: values, padding, sizes."""

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData

from mmremax.kmax.data_preprocessor import KMaXDataPreprocessor


def batch_of(*sizes):
    images = [torch.full((3, *size), 255, dtype=torch.uint8) for size in sizes]
    return dict(inputs=images, data_samples=[DetDataSample() for _ in sizes])


@pytest.mark.parametrize('training', [True, False])
def test_normalises_then_pads_with_zero(training):
    preprocess = KMaXDataPreprocessor(crop_size=(65, 97))
    data = preprocess(batch_of((30, 97), (65, 20)), training)
    assert data['inputs'].shape == (2, 3, 65, 97)
    assert (data['inputs'][0, :, :30] == 1).all()
    assert (data['inputs'][0, :, 30:] == 0).all()
    assert (data['inputs'][1, :, :, 20:] == 0).all()
    for sample in data['data_samples']:
        assert sample.batch_input_shape == sample.pad_shape == (65, 97)


@pytest.mark.parametrize(
    ('crop', 'size', 'wanted'),
    [
        ((65, 65), (66, 65), (97, 65)),
        ((64, 64), (65, 10), (96, 64)),
        ((65, 64), (129, 129), (129, 160)),
    ],
)
def test_larger_images_keep_the_parity(crop, size, wanted):
    data = KMaXDataPreprocessor(crop_size=crop)(batch_of(size))
    assert tuple(data['inputs'].shape[2:]) == wanted


def test_other_means_and_no_samples():
    preprocess = KMaXDataPreprocessor((33, 33), (255, 0, 127.5), (1, 255, 51))
    first = preprocess(batch_of((33, 33)))['inputs'][0, :, 0, 0]
    assert first.tolist() == pytest.approx([0, 1, 2.5])
    no_samples = dict(inputs=batch_of((9, 9))['inputs'])
    assert preprocess(no_samples)['data_samples'] is None


def test_bgr_to_rgb_as_mmdet_has_it():
    """Mean and standard deviation are those of R, G, B in both."""
    batch, settings = batch_of((9, 9)), ((33, 33), (10, 20, 30), (1, 2, 3))
    image = torch.randint(256, (3, 9, 9), dtype=torch.uint8)
    batch['inputs'] = [image]
    plain = KMaXDataPreprocessor(*settings)(batch)['inputs']
    batch['inputs'] = [image.flip(0)]
    flipped = KMaXDataPreprocessor(*settings, bgr_to_rgb=True)(batch)
    assert torch.equal(flipped['inputs'], plain)


def test_pixels_that_are_not_real_become_zero():
    batch = batch_of((20, 33), (33, 33))
    real = torch.rand(1, 20, 33) < 0.5
    batch['data_samples'][0].real_pixels = PixelData(data=real)
    data = KMaXDataPreprocessor(crop_size=(33, 33))(batch)
    assert (data['inputs'][0, :, :20] == real).all()
    assert (data['inputs'][0, :, 20:] == 0).all()
    assert (data['inputs'][1] == 1).all()


def test_bad_crop_size_teaches():
    with pytest.raises(ValueError, match='640, 641 or 673'):
        KMaXDataPreprocessor(crop_size=(650, 641))
