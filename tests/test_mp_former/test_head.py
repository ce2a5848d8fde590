"""What mask-piloted training changes of a Mask2Former head, and what not."""

import pytest
import torch
from torch import Tensor, nn

from tests.helpers.mask2former_fixture import (
    REMAX,
    build_head,
    features,
    head_config,
    samples,
)

NO_NOISE = dict(mask_noise_scale=0.0, label_noise_ratio=0.0)
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
    missing, unexpected = other.load_state_dict(head.state_dict(), False)
    assert not missing
    assert set(unexpected) <= {'label_embed.weight'}


def forward_in_loss(head: nn.Module, batch: list) -> tuple:
    """Run loss(); return the outputs of its forward pass and the losses."""
    outputs = []
    hook = head.register_forward_hook(lambda *args: outputs.append(args[-1]))
    losses = head.loss(features(len(batch)), batch)
    hook.remove()
    return *outputs[0], losses


def total(losses: dict[str, Tensor]) -> Tensor:
    return sum(v for k, v in losses.items() if 'loss' in k)


def add_segment(sample: object, times: int) -> None:
    """Repeat the first segment of an instance sample."""
    gt = sample.gt_instances
    index = [0] * times + list(range(len(gt.labels)))
    masks = gt.masks[index]
    labels = gt.labels[index]
    sample.gt_instances = type(gt)(labels=labels, masks=masks)


def test_without_mp_cfg_all_is_stock() -> None:
    stock = build_head()
    head = build_head(type='MPFormerHead')
    share_weights(head, stock)
    results = []
    for h in (stock, head):
        torch.manual_seed(0)
        results.append(h.loss(features(), samples()))
    assert results[0].keys() == results[1].keys()
    assert all(torch.equal(v, results[1][k]) for k, v in results[0].items())
    assert 'label_embed.weight' not in head.state_dict()


@torch.no_grad()
def test_inference_is_stock() -> None:
    head, stock = mp_head().eval(), build_head().eval()
    share_weights(head, stock)
    for found, expected in zip(
        head.predict(features(), samples()),
        stock.predict(features(), samples()),
        strict=True,
    ):
        assert torch.equal(found, expected)


@torch.no_grad()
def test_restated_decoder_is_stock() -> None:
    """Without positions the decoder of this file runs, not the parent's."""
    head, stock = mp_head(query_pos='none').eval(), build_head().eval()
    share_weights(head, stock)
    stock.query_embed.weight.zero_()
    for found, expected in zip(
        head(features(), samples()), stock(features(), samples()), strict=True
    ):
        assert all(map(torch.equal, found, expected))
    assert not head.query_embed.weight.requires_grad


@pytest.mark.parametrize('padding', ['reference', 'strict'])
@pytest.mark.parametrize('num_groups', [1, 3])
def test_matching_part_does_not_see_the_rest(
    padding: str, num_groups: int
) -> None:
    head, stock = mp_head(padding=padding, num_groups=num_groups), build_head()
    share_weights(head, stock)
    *outputs, _ = forward_in_loss(head, samples())
    for found, expected in zip(
        outputs, stock(features(), samples()), strict=True
    ):
        for a, b in zip(found, expected, strict=True):
            assert a.shape[1] == b.shape[1] + 4 * num_groups
            assert torch.allclose(a[:, -7:], b, atol=1e-5)


def test_groups_without_noise_are_equal() -> None:
    head = mp_head(num_groups=2, **NO_NOISE)
    classes, masks, _ = forward_in_loss(head, samples())
    for logits in (*classes, *masks):
        assert torch.allclose(logits[:, :4], logits[:, 4:8], atol=1e-5)


@pytest.mark.parametrize('padding', ['reference', 'strict'])
def test_padding_and_the_other_image(padding: str) -> None:
    """Only strict outputs are free of the number of padding slots."""
    head = mp_head(padding=padding, **NO_NOISE)
    few, many = samples(instance=True), samples(instance=True)
    add_segment(many[1], 3)
    for batch in (few, many):
        for sample in batch:
            sample.gt_instances.labels.clamp_(max=2)
    short, *_ = forward_in_loss(head, few)
    long, *_ = forward_in_loss(head, many)
    difference = (short[-1][0, :2] - long[-1][0, :2]).abs().max()
    if padding == 'strict':
        assert difference < 1e-5
    else:
        assert difference > 1e-4


def test_strict_padding_has_no_class_loss() -> None:
    """By hand, before the first layer: cross-entropy over real slots."""
    for padding in ('reference', 'strict'):
        head = mp_head(padding=padding, **NO_NOISE)
        batch = samples(instance=True, empty=(1,))
        classes, _, losses = forward_in_loss(head, batch)
        log_prob = classes[0].log_softmax(-1)
        labels = batch[0].gt_instances.labels
        real = -log_prob[0, [0, 1], labels].sum()
        mean = real / 2
        if padding == 'reference':
            no_object = -0.1 * log_prob[1, :2, -1].sum()
            mean = (real + no_object) / 2.2
        assert losses['d0.mp_loss_cls'].item() == pytest.approx(
            2 * mean.item(), rel=1e-5
        )


def test_batch_without_ground_truth() -> None:
    head = mp_head()
    losses = head.loss(features(), samples(empty=(0, 1)))
    assert set(NAMES) == {k for k in losses if 'mp_loss' in k}
    assert all(losses[name] == 0 for name in NAMES)
    total(losses).backward()
    assert torch.equal(
        head.label_embed.weight.grad, torch.zeros_like(head.label_embed.weight)
    )


@pytest.mark.parametrize('remax', [False, True])
@pytest.mark.parametrize('padding', ['reference', 'strict'])
def test_amp_with_an_empty_image_and_an_empty_mask(
    padding: str, remax: bool
) -> None:
    head = mp_head(padding=padding, per_head_noise=True, remax=remax)
    batch = samples(empty=(0,))
    batch[1].gt_instances.masks.masks[0] = 0
    with torch.autocast('cpu', torch.bfloat16):
        losses = head.loss(features(), batch)
    assert {losses[name].dtype for name in NAMES} == {torch.float32}
    total(losses).backward()
    assert all(torch.isfinite(v).all() for v in losses.values())
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_pilot_in_the_first_layers_alone() -> None:
    results = {}
    for pilot_layers in ('all', 4):
        head = mp_head(pilot_layers=pilot_layers, **NO_NOISE)
        results[pilot_layers], *_ = forward_in_loss(head, samples())
    for i, (a, b) in enumerate(zip(results['all'], results[4], strict=True)):
        # Output i stands behind i layers; layer 4 is the fifth.
        assert torch.equal(a, b) == (i < 5)


def test_settings_of_the_losses() -> None:
    torch.manual_seed(0)
    one = mp_head(**NO_NOISE).loss(features(), samples())
    torch.manual_seed(0)
    half = mp_head(loss_weight=0.5, **NO_NOISE).loss(features(), samples())
    for name in NAMES:
        assert torch.allclose(half[name], one[name] / 2, rtol=1e-5)
    none = mp_head(with_cls_loss=False).loss(features(), samples())
    assert {k for k in none if 'mp_loss' in k} == {
        name for name in NAMES if 'cls' not in name
    }


def test_budget_and_limit() -> None:
    head = mp_head(query_budget=9)  # 4 segments: two groups
    classes, *_ = forward_in_loss(head, samples())
    assert classes[0].shape[1] == 8 + 7
    head = mp_head(query_budget=3)
    classes, _, losses = forward_in_loss(head, samples())
    assert classes[0].shape[1] == 7
    assert all(losses[name] == 0 for name in NAMES)
    head = mp_head(max_gt=3, num_groups=2)
    classes, _, losses = forward_in_loss(head, samples())
    assert classes[0].shape[1] == 6 + 7
    assert torch.isfinite(total(losses))


def test_masks_of_another_size_are_refused() -> None:
    batch = samples(instance=True)
    for sample in batch:
        sample.set_metainfo(dict(batch_input_shape=(64, 128)))
    with pytest.raises(ValueError, match='pad_mask=True'):
        mp_head().loss(features(), batch)


def test_checkpoints_move_both_ways() -> None:
    head, stock = mp_head(), build_head()
    result = head.load_state_dict(stock.state_dict(), strict=False)
    assert result.missing_keys == ['label_embed.weight']
    assert not result.unexpected_keys


def test_with_remax_the_matching_losses_are_those_of_remax() -> None:
    both = mp_head(remax=True)
    alone = build_head(type='ReMaXMask2FormerHead', **REMAX)
    share_weights(both, alone)
    results = []
    for head in (alone, both):
        inner = head.loss_by_feat

        def seeded(*args: object, inner: object = inner) -> dict:
            torch.manual_seed(0)  # the pilots drew numbers before
            return inner(*args)

        head.loss_by_feat = seeded
        results.append(head.loss(features(), samples()))
    expected, found = results
    assert set(found) - set(expected) == set(NAMES)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-4, atol=1e-5), name


def test_mask_piloted_queries_are_not_relaxed() -> None:
    """With equal draws, the losses of the part are those without ReMaX."""
    both = mp_head(remax=True, **NO_NOISE)
    alone = mp_head(**NO_NOISE)
    share_weights(both, build_head(type='ReMaXMask2FormerHead', **REMAX))
    alone.load_state_dict(both.state_dict(), strict=False)
    results = []
    for head in (alone, both):
        inner = head._mp_loss

        def seeded(inner: object = inner) -> object:
            torch.manual_seed(0)
            return inner()

        head._mp_loss = seeded
        results.append(head.loss(features(), samples()))
    for name in NAMES:
        assert torch.equal(results[0][name], results[1][name])


def test_pixel_decoder_runs_once() -> None:
    head = mp_head(remax=True)
    calls = []
    head.pixel_decoder.register_forward_hook(lambda *args: calls.append(1))
    head.loss(features(), samples())
    assert len(calls) == 1
