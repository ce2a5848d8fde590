"""Pilot masks, noise, settings: invariants, statistics, bad input."""

import pytest
import torch
from torch.nn.functional import adaptive_max_pool2d

from mmremax.mp_former import pilot_masks
from mmremax.mp_former.noise import MaskPilotNoise
from mmremax.mp_former.settings import MaskPilotSettings
from mmremax.mp_former.slots import MaskPilotSlots


@pytest.mark.parametrize(
    ('canvas', 'sizes'),
    [
        ((64, 96), [(2, 3), (4, 6), (8, 12)]),
        ((65, 97), [(3, 4), (5, 7), (9, 13)]),
        ((64, 97), [(2, 4), (4, 7), (8, 13)]),
        ((7, 5), [(7, 5), (1, 1), (3, 2)]),
        ((3, 3), [(5, 4)]),
    ],
)
def test_pilot_masks_are_adaptive_max_pooling(
    canvas: tuple[int, int], sizes: list[tuple[int, int]]
) -> None:
    masks = torch.rand(6, *canvas) < torch.linspace(0, 0.2, 6)[:, None, None]
    pilots = pilot_masks(masks, sizes)
    assert set(pilots) == set(sizes)
    for size in sizes:
        pooled = adaptive_max_pool2d(masks.float(), size)
        assert torch.equal(pilots[size], (pooled == 0).flatten(1))


def test_no_segment_vanishes() -> None:
    masks = torch.zeros(64, 64, 64, dtype=torch.bool)
    masks[torch.arange(64), torch.arange(64), torch.arange(64)] = True
    for blocked in pilot_masks(masks, [(2, 2), (4, 4), (8, 8)]).values():
        assert ((~blocked).sum(-1) == 1).all()


def test_pilot_masks_of_no_segment() -> None:
    masks = torch.zeros(0, 32, 32, dtype=torch.bool)
    assert pilot_masks(masks, [(4, 4)])[4, 4].shape == (0, 16)


@pytest.mark.parametrize('per_head', [False, True])
def test_point_noise_flips_lambda_times_the_open_cells(per_head: bool) -> None:
    scale, num_open, cells, draws = 0.4, 60, 256, 2000
    noise = MaskPilotNoise(scale, 0.0, per_head)
    blocked = torch.ones(draws, 1, cells, dtype=torch.bool)
    blocked[..., :num_open] = False
    noisy = noise.noisy_masks(blocked, num_heads=2)
    assert noisy.shape == (draws, 2 if per_head else 1, 1, cells)
    flips = (noisy ^ blocked[:, None]).sum(-1).double()
    rho = scale * num_open / cells
    deviation = (cells * rho * (1 - rho) / flips.numel()) ** 0.5
    assert abs(flips.mean() - scale * num_open) < 3 * deviation
    if per_head:
        assert not torch.equal(noisy[:, 0], noisy[:, 1])


def test_point_noise_spares_what_is_blocked_everywhere() -> None:
    blocked = torch.ones(3, 4, 16, dtype=torch.bool)
    noisy = MaskPilotNoise(1.0, 0.0, False).noisy_masks(blocked, 2)
    assert noisy.all()


def test_label_noise_changes_with_its_full_ratio() -> None:
    ratio, num_classes, count = 0.3, 5, 40_000
    labels = torch.full((1, count), 2)
    noisy = MaskPilotNoise(0.0, ratio, False).noisy_labels(labels, num_classes)
    rate = ratio * (1 - 1 / num_classes)
    deviation = (rate * (1 - rate) / count) ** 0.5
    assert abs((noisy != labels).double().mean() - rate) < 3 * deviation
    others = noisy[noisy != 2].bincount(minlength=num_classes)
    assert others[2] == 0
    assert (others[[0, 1, 3, 4]] > count * rate / 4 * 0.9).all()


def test_spread_and_gather_are_inverse() -> None:
    slots = MaskPilotSlots(
        torch.arange(6), torch.zeros(6, 1, 1), (3, 0, 1, 2), 2
    )
    values = torch.randn(6, 4)
    spread = slots.spread(values, 0.0)
    assert spread.shape == (4, 6, 4)
    gathered = slots.gather(spread)
    assert torch.equal(gathered, values[:, None].expand(-1, 2, -1))
    assert slots.is_padding.sum() == 4 * 6 - 6 * 2


def test_strict_padding_is_seen_by_itself_alone() -> None:
    slots = MaskPilotSlots(torch.arange(3), torch.zeros(3, 1, 1), (2, 1), 2)
    plain = slots.self_attention_mask(3, 2, strict=False)
    strict = slots.self_attention_mask(3, 2, strict=True)
    assert strict.shape == (4, 7, 7)
    assert torch.equal(strict[0], plain)  # image 0 has no padding
    assert torch.equal(strict[2], strict[3])  # heads
    for p in (1, 3):
        assert (~strict[2][:, p]).nonzero().flatten().tolist() == [p]
        assert torch.equal(
            strict[2][p, [0, 2, 4, 5, 6]], plain[p][[0, 2, 4, 5, 6]]
        )


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('num_groups', 0),
        ('query_budget', 0),
        ('max_gt', 0),
        ('pilot_layers', 'first'),
        ('pilot_layers', -1),
        ('label_noise_ratio', 1.5),
        ('mask_noise_scale', -0.1),
        ('loss_weight', -1),
        ('query_pos', 'learned'),
        ('padding', 'loose'),
    ],
)
def test_bad_values_are_named(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f'mp_cfg.{key}'):
        MaskPilotSettings(**{key: value})


def test_misspelt_key_fails() -> None:
    with pytest.raises(TypeError, match='num_group'):
        MaskPilotSettings(num_group=1)


def test_groups_of_a_budget() -> None:
    settings = MaskPilotSettings(query_budget=100)
    assert [settings.groups_for(n) for n in (0, 1, 33, 101)] == [0, 100, 3, 0]
    assert MaskPilotSettings(num_groups=2).groups_for(0) == 0
