"""ReMaX with soft semantic targets, from the sample to the loss."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData

from tests.helpers.model_fixture import CONFIGS, model_config
from tests.test_kmax.test_head import copy_weights, losses_of, samples


def remax(soft):
    init_default_scope('mmdet')
    config = Config(dict(model=model_config(with_remax=True)))
    if soft:
        overlay = Config.fromfile(CONFIGS / '_base_/overlays/soft_target.py')
        config.merge_from_dict(dict(model=overlay.soft_target.to_dict()))
    torch.manual_seed(0)
    return MODELS.build(config.model).train()


@pytest.fixture
def models():
    strided, soft = remax(False), remax(True)
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


def test_the_annotation_is_not_modified(models):
    _, soft = models
    batch, untouched = with_pixels(2), with_pixels(2)
    losses_of(soft, batch)
    for sample, before in zip(batch, untouched, strict=True):
        assert torch.equal(
            sample.gt_sem_seg.sem_seg, before.gt_sem_seg.sem_seg
        )
        assert torch.equal(
            sample.gt_segment_map.data, before.gt_segment_map.data
        )


def test_data_without_classes_names_the_remedy(models):
    _, soft = models
    with pytest.raises(ValueError, match='in PackPanopticInputs too'):
        losses_of(soft, samples())
