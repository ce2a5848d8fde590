"""Where the segments of a batch stand among the queries.

Letters: B images, N the largest segment count of an image, M = groups * N
mask-piloted slots, Q matching queries, T = M + Q, S segments of the batch.
Mask-piloted slots come first; slot g * N + j is segment j in group g, and
padding where the image has no segment j.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True)
class MaskPilotSlots:
    """Ground truth of the mask-piloted queries of one step.

    Args:
        labels: Classes of all segments, image by image. (S,) int64.
        masks: Their masks on the padded canvas. (S, H, W) bool.
        counts: Segments of each image; one at least is above 0.
        num_groups: Groups, 1 or more.
    """

    labels: Tensor
    masks: Tensor
    counts: tuple[int, ...]
    num_groups: int

    @property
    def num_slots(self) -> int:
        """M, padding included."""
        return self.num_groups * max(self.counts)

    @cached_property
    def is_padding(self) -> Tensor:
        """Slots without a segment. (B, M) bool."""
        return self.spread(torch.zeros_like(self.labels, dtype=bool), True)

    @cached_property
    def segment_inds(self) -> Tensor:
        """Place of each segment in a flat (B * N) grid. (S,) int64."""
        longest = max(self.counts)
        grid = torch.arange(longest) < torch.tensor(self.counts)[:, None]
        return grid.flatten().nonzero()[:, 0].to(self.labels.device)

    def spread(self, values: Tensor, fill: float) -> Tensor:
        """Give every slot the value of its segment.

        Args:
            values: One entry for each segment. (S, ...).
            fill: Value of padding slots.

        Returns:
            (B, M, ...).
        """
        images = pad_sequence(
            values.split(self.counts), batch_first=True, padding_value=fill
        )
        return images.repeat(1, self.num_groups, *[1] * (images.dim() - 2))

    def gather(self, slots: Tensor) -> Tensor:
        """Take what belongs to segments: the reverse of `spread`.

        Args:
            slots: One entry for each slot. (B, M, ...).

        Returns:
            (S, groups, ...).
        """
        grid = slots.unflatten(1, (self.num_groups, -1)).transpose(1, 2)
        return grid.flatten(0, 1)[self.segment_inds]

    def self_attention_mask(
        self, num_queries: int, num_heads: int, strict: bool
    ) -> Tensor:
        """Say which query may see which.

        Matching queries see matching ones alone, so their outputs are those
        of a model without the mask-piloted part. A mask-piloted query sees
        its own group and the matching queries.

        Args:
            num_queries: Q.
            num_heads: Heads of the attention.
            strict: Padding slots are seen by themselves alone; otherwise by
                their group, which makes mask-piloted outputs depend on the
                other images of the batch.

        Returns:
            True where blocked. (T, T) bool; strict: (B * heads, T, T).
        """
        device = self.labels.device
        slot = torch.arange(self.num_slots, device=device)
        group = slot // max(self.counts)
        total = self.num_slots + num_queries
        blocked = torch.zeros(total, total, dtype=torch.bool, device=device)
        blocked[self.num_slots :, : self.num_slots] = True
        blocked[: self.num_slots, : self.num_slots] = group[:, None] != group
        if not strict:
            return blocked
        hidden = torch.nn.functional.pad(self.is_padding, (0, num_queries))
        others = ~torch.eye(total, dtype=torch.bool, device=device)
        blocked = blocked | (hidden[:, None] & others)
        return blocked.repeat_interleave(num_heads, dim=0)
