"""Noise on the inputs of mask-piloted queries; their targets stay clean.

Paper: MP-Former Sec. 3, "noised masks" and "label-guided training".
"""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def noisy_labels(labels: Tensor, num_classes: int, ratio: float) -> Tensor:
    """Replace classes by uniform draws, each with the probability `ratio`.

    A draw may be the old class: the rate of changes is
    ratio * (1 - 1 / num_classes). A ratio of 0 draws nothing. `labels` are
    clean, (B, M) int64; so is what the queries start from.
    """
    if ratio == 0:
        return labels
    replaced = torch.rand(labels.shape, device=labels.device) < ratio
    return torch.randint_like(labels, num_classes).where(replaced, labels)


@torch.no_grad()
def noisy_masks(blocked: Tensor, scale: float) -> Tensor:
    """Flip locations of pilot masks, spread over the whole feature map.

    A mask with a open locations of A flips each one with the probability
    rho = scale * a / A: scale * a flips on average. A mask without an open
    location stays as it is.

    Args:
        blocked: True where a query may not attend. (B, M, A) bool.
        scale: Lambda of the paper, at least 0; 0 draws nothing.
    """
    if scale == 0:
        return blocked
    num_open = (~blocked).sum(-1, keepdim=True)
    rho = scale * num_open / blocked.shape[-1]
    return blocked ^ (torch.rand(blocked.shape, device=blocked.device) < rho)
