"""Noise on the inputs of mask-piloted queries; targets stay clean.

Letters: B images, M mask-piloted slots of an image, A cells of a memory.
"""

from __future__ import annotations

import torch
from torch import Tensor


class MaskPilotNoise:
    """Draws the label noise and the point noise of one model.

    Paper: MP-Former Sec. 3, "noised masks" and "label-guided training".

    Args:
        mask_scale: Lambda of the point noise; 0 is off.
        label_ratio: Probability of redrawing a class; 0 is off.
        per_head: Draw point noise for each attention head.
    """

    def __init__(
        self, mask_scale: float, label_ratio: float, per_head: bool
    ) -> None:
        self.mask_scale = mask_scale
        self.label_ratio = label_ratio
        self.per_head = per_head

    @torch.no_grad()
    def noisy_labels(self, labels: Tensor, num_classes: int) -> Tensor:
        """Redraw classes, each with the full probability `label_ratio`.

        A redrawn class may be the old one: the rate of changes is
        label_ratio * (1 - 1 / num_classes).

        Args:
            labels: Clean classes. (B, M) int64.
            num_classes: K, without no_object.

        Returns:
            Classes that the queries start from. (B, M) int64.
        """
        if self.label_ratio == 0:
            return labels
        redraw = self.uniform(labels.shape, labels) < self.label_ratio
        return labels.where(~redraw, self.random_classes(labels, num_classes))

    @torch.no_grad()
    def noisy_masks(self, blocked: Tensor, num_heads: int) -> Tensor:
        """Flip cells of pilot masks, spread over the whole map.

        A mask with a open cells of A flips each cell with the probability
        rho = lambda * a / A: lambda * a flips in the mean. A mask without an
        open cell stays as it is.

        Args:
            blocked: True where a query may not attend. (B, M, A) bool.
            num_heads: Heads of the attention.

        Returns:
            (B, 1, M, A) bool, or (B, heads, M, A) with noise for each head.
        """
        blocked = blocked.unsqueeze(1)
        if self.mask_scale == 0:
            return blocked
        num_open = (~blocked).sum(-1, keepdim=True)
        rho = self.mask_scale * num_open / blocked.shape[-1]
        batch, _, slots, cells = blocked.shape
        shape = (batch, num_heads if self.per_head else 1, slots, cells)
        return blocked ^ (self.uniform(shape, blocked) < rho)

    def uniform(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Draw from [0, 1) on the device of `like`."""
        return torch.rand(shape, device=like.device)

    def random_classes(self, like: Tensor, num_classes: int) -> Tensor:
        """Draw classes uniformly, in the shape of `like`."""
        return torch.randint_like(like, num_classes)
