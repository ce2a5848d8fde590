"""Losses, gradients and predictions of the device are those of the CPU."""

import copy

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from mmremax.engine.measure import synthetic_batch, synthetic_logits
from mmremax.kmax.matcher import KMaXAssigner
from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.segments import BatchSegments
from tests.helpers.model_fixture import build_model

from .cases import CASES, CLASSES, SEGMENTS, SHAPE, case_of, total

PART = 1e-3  # of the largest value of a tensor


def assert_near(found: torch.Tensor, expected: torch.Tensor, name: str):
    error = (found.detach().cpu() - expected.detach()).abs().max()
    assert error <= PART * expected.detach().abs().max() + 1e-6, name


@pytest.mark.parametrize('name', CASES)
@pytest.mark.usefixtures('same_draws')
def test_a_training_step(name, device, tmp_path):
    model, batch = case_of(name, tmp_path)
    found = {}
    for place in (torch.device('cpu'), device):
        there = copy.deepcopy(model).to(place)
        torch.manual_seed(1)
        data = there.data_preprocessor(copy.deepcopy(batch), training=True)
        losses = there(**data, mode='loss')
        total(losses).backward()
        found[place] = losses, dict(there.named_parameters())
    (ours, expected) = found[device], found[torch.device('cpu')]
    assert ours[0].keys() == expected[0].keys()
    for key, value in expected[0].items():
        assert_near(ours[0][key], value, key)
    for key, parameter in expected[1].items():
        assert (parameter.grad is None) == (ours[1][key].grad is None), key
        if parameter.grad is not None:
            assert_near(ours[1][key].grad, parameter.grad, key)


def test_recomputed_results_give_the_same_gradients(device, tmp_path):
    found = []
    for recompute in (False, True):
        model, batch = case_of('remax', tmp_path)
        model.to(device).recompute = recompute
        torch.manual_seed(1)
        data = model.data_preprocessor(batch, training=True)
        total(model(**data, mode='loss')).backward()
        found.append(dict(model.named_parameters()))
    for key, parameter in found[0].items():
        assert_near(found[1][key].grad, parameter.grad.cpu(), key)


@pytest.mark.parametrize('name', CASES)
def test_what_the_network_says(name, device, tmp_path):
    model, batch = case_of(name, tmp_path)
    model.eval()
    outputs = []
    for place in ('cpu', device):
        there = copy.deepcopy(model).to(place)
        data = there.data_preprocessor(copy.deepcopy(batch))
        with torch.no_grad():
            outputs.append(tree_leaves(there(**data, mode='tensor')))
    for found, expected in zip(*outputs[::-1], strict=True):
        if isinstance(expected, torch.Tensor):
            assert_near(found, expected, name)


def test_matching(device):
    """Of noise: each segment has the same query."""
    generator = torch.Generator().manual_seed(2)
    logits = [
        torch.randn(2, 12, sum(CLASSES) + 1, generator=generator),
        torch.randn(2, 12, 17, 17, generator=generator),
    ]
    batch = synthetic_batch(2, SHAPE, SEGMENTS, CLASSES)['data_samples']
    maps = []
    for place in ('cpu', device):
        samples = [sample.to(place) for sample in batch]
        segments = BatchSegments.from_data_samples(samples, (17, 17))
        output = [values.to(place) for values in logits]
        prediction = LayerPrediction(*output, pixel_feature=output[1])
        maps.append(KMaXAssigner().assign(prediction, segments).query_map)
    assert torch.equal(maps[0], maps[1].cpu())


def test_merge(device):
    """Segments of confident masks, at the size of a photograph."""
    model = build_model(
        test_cfg=dict(semantic_on=True, instance_on=True), small=False
    )
    head: nn.Module = model.panoptic_fusion_head
    counts = head.num_things_classes, head.num_stuff_classes
    shapes = torch.zeros(1, 128, sum(counts) + 1), torch.zeros(1, 128, 81, 81)
    logits = synthetic_logits(*shapes, 20, counts)
    batch = synthetic_batch(1, (321, 321), 20, counts, ori_shape=(427, 640))
    samples = batch['data_samples']
    samples[0].set_metainfo(dict(batch_input_shape=(321, 321)))
    found = [
        head.predict(*(values.to(place) for values in logits), samples)[0]
        for place in ('cpu', device)
    ]
    for key in ('pan_results', 'sem_results'):
        maps = [result[key].sem_seg.cpu() for result in found]
        assert torch.equal(*maps), key
        assert maps[0].unique().numel() > 10
    masks = [result['ins_results'].masks.cpu() for result in found]
    assert torch.equal(*masks)
