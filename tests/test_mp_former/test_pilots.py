"""Pilot masks, noise, settings: invariants, statistics, bad input."""

import pytest
import torch

from mmremax.mp_former.pilots import (
    PilotSettings,
    noisy_labels,
    noisy_masks,
    pilot_masks,
)


def test_no_segment_vanishes() -> None:
    masks = torch.zeros(64, 64, 64, dtype=torch.bool)
    masks[torch.arange(64), torch.arange(64), torch.arange(64)] = True
    for size in ((2, 2), (4, 4), (8, 8)):
        assert ((~pilot_masks(masks, size)).sum(-1) == 1).all()


def test_point_noise_flips_lambda_times_the_open_locations() -> None:
    scale, num_open, locations, draws = 0.4, 60, 256, 4000
    blocked = torch.arange(locations).expand(draws, 1, -1) >= num_open
    flips = (noisy_masks(blocked, scale) ^ blocked).sum(-1).double()
    rho = scale * num_open / locations
    deviation = (locations * rho * (1 - rho) / draws) ** 0.5
    assert abs(flips.mean() - scale * num_open) < 3 * deviation
    # What is blocked everywhere stays so.
    assert noisy_masks(torch.ones(3, 4, 16, dtype=torch.bool), 1.0).all()


def test_label_noise_changes_with_its_full_ratio() -> None:
    ratio, num_classes, count = 0.3, 5, 40_000
    labels = torch.full((1, count), 2)
    noisy = noisy_labels(labels, num_classes, ratio)
    rate = ratio * (1 - 1 / num_classes)
    deviation = (rate * (1 - rate) / count) ** 0.5
    assert abs((noisy != labels).double().mean() - rate) < 3 * deviation
    others = noisy[noisy != 2].bincount(minlength=num_classes)
    assert (others[[0, 1, 3, 4]] > count * rate / 4 * 0.9).all()


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('num_groups', 0),
        ('num_groups', True),
        ('pilot_layers', 'first'),
        ('pilot_layers', -1),
        ('label_noise_ratio', 1.5),
        ('mask_noise_scale', -0.1),
        ('padding', 'none'),
        ('query_pos', 'learned'),
    ],
)
def test_bad_values_are_named(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f'mp_cfg.{key}'):
        PilotSettings(**{key: value})
    with pytest.raises(TypeError, match='num_group'):
        PilotSettings(num_group=1)
