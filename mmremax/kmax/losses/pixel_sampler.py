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
    height, width = size
    aligned = height % 2 == 1
    y = locations.div(width, rounding_mode='floor')
    grid = torch.stack(
        [
            _normalise(locations.remainder(width), width, aligned),
            _normalise(y, height, aligned),
        ],
        dim=2,
    )
    sampled = F.grid_sample(
        feature,
        grid[:, None].to(feature.dtype),  # (B, 1, S, 2), x first
        mode='bilinear',
        padding_mode='border',
        align_corners=aligned,
    )
    return sampled.squeeze(2)


def _normalise(index: Tensor, length: int, aligned: bool) -> Tensor:
    """Map location indices to [-1, 1] as grid_sample counts. float64."""
    if aligned:
        return index.double() * (2 / max(length - 1, 1)) - 1
    return (index.double() * 2 + 1) / length - 1
