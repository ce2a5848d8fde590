"""ReMaX with soft semantic targets, from the sample to the loss."""

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData

from tests.helpers.model_fixture import CONFIGS, build_model
from tests.test_kmax.test_head import copy_weights, losses_of, samples


@pytest.fixture
def models():
    overlay = Config.fromfile(CONFIGS / '_base_/overlays/soft_target.py')
    strided = build_model(with_remax=True)
    soft = build_model(True, **overlay.soft_target.panoptic_head.to_dict())
    copy_weights(strided, soft)
    return strided, soft


def with_pixels(shift=0):
    """Samples with the class of each of the 65 x 65 pixels.

    Classes are those of the segments, moved down by `shift` pixels.
    """
    result = samples()
    for sample in result:
        labels = torch.cat([sample.gt_segments.labels, torch.tensor([255])])
        grid = labels[sample.gt_segment_map.data[0].long()]
        fine = grid.repeat_interleave(4, 0).repeat_interleave(4, 1)
        fine = fine[:65, :65].roll(shift, 0).to(torch.uint8)
        sample.gt_sem_seg = PixelData(sem_seg=fine[None])
    return result


def test_strided_ignores_the_classes_of_pixels(models):
    """Default: the same losses with and without them, bit for bit."""
    strided, _ = models
    plain, packed = (losses_of(strided, s) for s in (samples(), with_pixels()))
    assert plain.keys() == packed.keys()
    assert all(torch.equal(plain[key], packed[key]) for key in plain)


def test_soft_moves_the_semantic_and_class_losses_alone(models):
    strided, soft = (losses_of(model, with_pixels(2)) for model in models)
    moved = {k for k in strided if not torch.equal(strided[k], soft[k])}
    layers = range(3)
    assert moved == {
        *(f'd{i}.loss_semantic' for i in layers),
        *(f'd{i}.loss_cls' for i in layers),
        'loss_cls',
    }
    assert all(value.isfinite() for value in soft.values())


def test_gradient_reaches_the_semantic_branch(models):
    _, soft = models
    losses = losses_of(soft, with_pixels(2))
    sum(losses[f'd{i}.loss_semantic'] for i in range(3)).backward()
    weight = soft.panoptic_head.semantic_head.stages[0][1].weight
    assert weight.grad.abs().max() > 0
