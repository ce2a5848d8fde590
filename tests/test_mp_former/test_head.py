"""What mask-piloted training changes of a Mask2Former head, and what not."""

from collections.abc import Callable
from unittest import mock

import pytest
import torch
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData
from torch import nn

from mmremax.mp_former import head as head_module
from mmremax.mp_former import loss as loss_module
from tests.helpers.mask2former_fixture import (
    REMAX,
    build_head,
    features,
    head_config,
    losses_of,
    samples,
    total,
)
from tests.helpers.model_fixture import assert_trains

QUIET = dict(mask_noise_scale=0.0, label_noise_ratio=0.0)
NUM_LAYERS = head_config().transformer_decoder.num_layers
NAMES = [
    f'{prefix}mp_loss_{kind}'
    for prefix in ('', *(f'd{i}.' for i in range(NUM_LAYERS)))
    for kind in ('cls', 'mask', 'dice')
]


def mp_head(remax: bool = False, **mp_cfg: object) -> nn.Module:
    """The tiny head with mask-piloted training; weights of seed 0."""
    kind = 'MPFormerReMaXHead' if remax else 'MPFormerHead'
    extra = REMAX if remax else {}
    return build_head(type=kind, mp_cfg=mp_cfg, **extra)


def share_weights(head: nn.Module, other: nn.Module) -> None:
    """Give them to a stock head, or to one with ReMaX alone."""
    missing, unexpected = other.load_state_dict(head.state_dict(), False)
    assert not missing
    assert unexpected in ([], ['label_embed.weight'])


def forward_in_loss(head: nn.Module, batch: list) -> tuple:
    """Run loss(); return the outputs of its forward pass and the losses."""
    outputs = []
    hook = head.register_forward_hook(lambda *args: outputs.append(args[-1]))
    losses = head.loss(features(len(batch)), batch)
    hook.remove()
    return *outputs[0], losses


def seeded(function: Callable) -> Callable:
    """Let a function start from the same random state in each model."""

    def run(*args: object) -> dict:
        torch.manual_seed(0)
        return function(*args)

    return run


def test_without_mp_cfg_all_is_stock() -> None:
    stock = build_head()
    head = build_head(type='MPFormerHead')
    share_weights(head, stock)
    expected, found = (losses_of(h, samples()) for h in (stock, head))
    assert expected.keys() == found.keys()
    assert all(torch.equal(v, found[k]) for k, v in expected.items())
    assert 'label_embed.weight' not in head.state_dict()


@torch.no_grad()
@pytest.mark.parametrize('query_pos', ['zero', 'none'])
def test_inference_is_stock(query_pos: str) -> None:
    """Without positions the decoder of this package runs, not mmdet's."""
    head, stock = mp_head(query_pos=query_pos).eval(), build_head().eval()
    share_weights(head, stock)
    if query_pos == 'none':
        stock.query_embed.weight.zero_()
    assert head.query_embed.weight.requires_grad == (query_pos == 'zero')
    for found, expected in zip(
        head(features(), samples()), stock(features(), samples()), strict=True
    ):
        assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize('padding', ['reference', 'strict'])
@pytest.mark.parametrize('num_groups', [1, 3])
def test_matching_part_does_not_see_the_rest(
    padding: str, num_groups: int
) -> None:
    head = mp_head(padding=padding, num_groups=num_groups)
    stock = build_head()
    share_weights(head, stock)
    *outputs, _ = forward_in_loss(head, samples())
    for found, expected in zip(
        outputs, stock(features(), samples()), strict=True
    ):
        for a, b in zip(found, expected, strict=True):
            assert a.shape[1] == b.shape[1] + 4 * num_groups
            assert torch.allclose(a[:, -7:], b, atol=1e-5)


def test_groups_without_noise_are_equal() -> None:
    head = mp_head(num_groups=2, **QUIET)
    classes, masks, _ = forward_in_loss(head, samples())
    for logits in (*classes, *masks):
        assert torch.allclose(logits[:, :4], logits[:, 4:8], atol=1e-5)


@pytest.mark.parametrize('padding', ['reference', 'strict'])
def test_class_loss_of_padding(padding: str) -> None:
    """By hand, before the first layer: one image has no segment."""
    batch = samples(instance=True, empty=(1,))
    head = mp_head(padding=padding, **QUIET)
    classes, _, losses = forward_in_loss(head, batch)
    log_prob = classes[0].log_softmax(-1)
    real = log_prob[0, [0, 1], batch[0].gt_instances.labels].sum()
    mean = -real / 2
    if padding == 'reference':  # two slots of no_object, of weight 0.1
        mean = -(real + 0.1 * log_prob[1, :2, -1].sum()) / 2.2
    assert losses['d0.mp_loss_cls'].item() == pytest.approx(
        2 * mean.item(), rel=1e-5
    )


@pytest.mark.parametrize('padding', ['reference', 'strict'])
def test_padding_and_the_other_image(padding: str) -> None:
    """Strict outputs are free of the number of padding slots."""
    head = mp_head(padding=padding, **QUIET)
    few, many = (samples(instance=True) for _ in range(2))
    gt = many[1].gt_instances
    more = BitmapMasks(gt.masks.masks[[0, 1, 0]], *gt.masks.masks.shape[1:])
    labels = gt.labels[[0, 1, 0]]
    many[1].gt_instances = InstanceData(labels=labels, masks=more)
    outputs = [forward_in_loss(head, batch)[0][-1] for batch in (few, many)]
    same = torch.allclose(outputs[0][0, :2], outputs[1][0, :2], atol=1e-5)
    assert same == (padding == 'strict')


def test_masks_are_averaged_over_the_processes(monkeypatch) -> None:
    """At least one is: another process may have the only one."""
    head, seen = mp_head(**QUIET, num_groups=1), []

    def point_losses(head, logits, masks, num_masks):
        seen.append(num_masks.item())
        return logits.sum(), logits.sum()

    monkeypatch.setattr(loss_module, 'point_losses', point_losses)
    for mean in (0.5, 1.0, 3.0):
        monkeypatch.setattr(
            loss_module,
            'reduce_mean',
            lambda count, mean=mean: 0 * count + mean,
        )
        losses_of(head, samples())
    outputs = NUM_LAYERS + 1
    assert seen == [1.0] * 2 * outputs + [3.0] * outputs


def test_batch_without_ground_truth() -> None:
    head = mp_head()
    losses = losses_of(head, samples(empty=(0, 1)))
    assert set(NAMES) == {k for k in losses if 'mp_loss' in k}
    assert all(losses[name] == 0 for name in NAMES)
    total(losses).backward()
    assert not head.label_embed.weight.grad.any()


@pytest.mark.parametrize('remax', [False, True])
def test_amp_with_an_empty_image_and_an_empty_mask(remax: bool) -> None:
    head = mp_head(remax)
    batch = samples(empty=(0,))
    batch[1].gt_instances.masks.masks[0] = 0
    with torch.autocast('cpu', torch.bfloat16):
        losses = losses_of(head, batch)
    assert {losses[name].dtype for name in NAMES} == {torch.float32}
    assert_trains(head, losses)


def test_pilot_in_the_first_layers_alone() -> None:
    results = {}
    for pilot_layers in ('all', 4):
        head = mp_head(pilot_layers=pilot_layers, **QUIET)
        results[pilot_layers], *_ = forward_in_loss(head, samples())
    for i, (a, b) in enumerate(zip(results['all'], results[4], strict=True)):
        # Output i stands after i layers; layer 4 is the fifth.
        assert torch.equal(a, b) == (i < 5)


def test_masks_of_another_size_are_refused() -> None:
    batch = samples(instance=True)
    for sample in batch:
        sample.set_metainfo(dict(batch_input_shape=(64, 128)))
    with pytest.raises(ValueError, match='pad_mask=True'):
        losses_of(mp_head(), batch)


def test_with_remax_the_matching_losses_are_those_of_remax() -> None:
    both = mp_head(remax=True)
    alone = build_head(type='ReMaXMask2FormerHead', **REMAX)
    share_weights(both, alone)
    runs, results = [], []
    both.pixel_decoder.register_forward_hook(lambda *args: runs.append(1))
    for head in (alone, both):
        head.loss_by_feat = seeded(head.loss_by_feat)
        results.append(losses_of(head, samples()))
    assert runs == [1], 'the pixel decoder runs once'
    expected, found = results
    assert set(found) - set(expected) == set(NAMES)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-4, atol=1e-5), name


def test_mask_piloted_queries_are_not_relaxed() -> None:
    """From one random state, their losses are those without ReMaX."""
    both, alone = mp_head(remax=True, **QUIET), mp_head(**QUIET)
    alone.load_state_dict(both.state_dict(), strict=False)
    pilot_losses = seeded(head_module.pilot_losses)
    with mock.patch.object(head_module, 'pilot_losses', pilot_losses):
        results = [losses_of(h, samples()) for h in (alone, both)]
    for name in NAMES:
        assert torch.equal(results[0][name], results[1][name])
