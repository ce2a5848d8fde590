"""What a step makes the device wait for, found on torch's meta device."""

import pytest
import torch

from mmremax.engine.measure import synthetic_batch
from tests.helpers.host_work import HostWork
from tests.helpers.model_fixture import build_model

QUERIES, SEGMENTS, CLASSES = 12, 6, (3, 2)


@pytest.mark.parametrize('with_remax', [False, True], ids=['kmax', 'remax'])
def test_a_training_step_copies_once(with_remax):
    """The similarities of the batch, of which the pairs come back."""
    model = build_model(with_remax).train().to('meta')
    batch = synthetic_batch(2, (65, 65), SEGMENTS, CLASSES)
    with HostWork().watching() as work:
        data = model.data_preprocessor(batch, training=True)
        losses = model(**data, mode='loss')
        sum(v for name, v in losses.items() if 'loss' in name).backward()
    assert work.copies == [(2, QUERIES, SEGMENTS)]
    assert work.made == {'_match'}


def test_an_inference_copies_once_an_image():
    """Confidence, class, mass, and the pixels of each pair of queries."""
    model = build_model().eval().to('meta')
    shape = dict(ori_shape=(40, 60))
    batch = synthetic_batch(2, (65, 65), SEGMENTS, CLASSES, **shape)
    with HostWork().watching() as work, torch.no_grad():
        model(**model.data_preprocessor(batch), mode='predict')
    assert work.copies == [(3 * QUERIES + (QUERIES + 1) ** 2,)] * 2
    # Matrices of the resize, and the segment of each pair.
    assert work.made == {'resize_matrix', 'split_bands', '_panoptic'}


def test_looking_at_a_number_is_an_error():
    with HostWork().watching(), pytest.raises(RuntimeError, match='meta'):
        torch.zeros(1, device='meta').item()
