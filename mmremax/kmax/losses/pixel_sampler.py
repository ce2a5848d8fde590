"""Draw locations so that small segments are seen as often as large ones.

Letters: B images, C channels, S sampled locations, H W the mask grid,
h w the grid of a feature, P = H * W.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_NEVER = 99999.0  # lowers void below every location with ground truth


def gumbel_noise(
    shape: torch.Size,
    device: torch.device,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw -ln(-ln u), u uniform in [0, 1). float32 of `shape`."""
    uniform = torch.rand(shape, device=device, generator=generator)
    return -torch.log(-torch.log(uniform))


def sample_locations(
    inverse_area: Tensor,
    valid: Tensor,
    num_samples: int,
    temperature: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw locations without replacement, log-probability T ln(1 / area).

    Top-k of the log-probabilities plus Gumbel noise. Void locations are drawn
    only when the others do not suffice.

    Paper: kMaX-DeepLab, instance discrimination of the published code.

    Args:
        inverse_area: P over the area of the location's segment. (B, P).
        valid: True where a location has ground truth. (B, P), bool.
        num_samples: Locations per image; at most P are drawn. 0 takes all.
        temperature: T; 0 draws locations alike, 1 draws segments alike.
        generator: Random state; None is the device's default.

    Returns:
        Indices of locations. (B, S), int64.
    """
    num_locations = inverse_area.shape[1]
    if num_samples == 0 or num_samples >= num_locations:
        every = torch.arange(num_locations, device=inverse_area.device)
        return every.expand_as(inverse_area)
    score = temperature * inverse_area.log() - _NEVER * ~valid
    noise = gumbel_noise(score.shape, score.device, generator)
    return (score + noise).topk(num_samples, dim=1).indices


def gather_locations(
    feature: Tensor, locations: Tensor, size: tuple[int, int]
) -> Tensor:
    """Read a feature (B, C, h, w) at locations of the mask grid. (B, C, S).

    Equals resizing the feature to the grid (bilinear, corners aligned if
    the grid's height is odd) and gathering, without the resized feature.
    Locations are row-major indices on the grid. (B, S), int64.
    """
    if tuple(feature.shape[-2:]) == tuple(size):
        index = locations[:, None].expand(-1, feature.shape[1], -1)
        return feature.flatten(2).gather(2, index)
    num_images, channels, *old = feature.shape
    aligned = size[0] % 2 == 1
    y = locations.div(size[1], rounding_mode='floor')
    x = locations.remainder(size[1])
    (top, bottom, down), (left, right, over) = (
        _neighbours(index, length, target, aligned)
        for index, length, target in zip((y, x), old, size, strict=True)
    )
    first = torch.arange(num_images, device=feature.device)[:, None]
    top, bottom = (row + first * old[0] for row in (top, bottom))
    corners = [
        row * old[1] + col for row in (top, bottom) for col in (left, right)
    ]
    weights = [a * b for a in (1 - down, down) for b in (1 - over, over)]
    # A sum of rows of channels: half of the time of F.grid_sample.
    sampled = F.embedding_bag(
        torch.stack(corners, 2).flatten(0, 1),  # (B * S, 4)
        feature.permute(0, 2, 3, 1).reshape(-1, channels),
        mode='sum',
        per_sample_weights=torch.stack(weights, 2)
        .flatten(0, 1)
        .to(feature.dtype),
    )
    return sampled.view(num_images, -1, channels).transpose(1, 2)


def _neighbours(
    index: Tensor, length: int, target: int, aligned: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Find where positions of a resized axis lie on the original one.

    Returns the neighbours before and after, and the weight of the latter.
    """
    if aligned:
        place = index.double() * ((length - 1) / max(target - 1, 1))
    else:
        place = (index.double() + 0.5) * (length / target) - 0.5
        place = place.clamp(0, length - 1)
    before = place.floor()
    after = (before + 1).clamp(max=length - 1)
    return before.long(), after.long(), place - before
