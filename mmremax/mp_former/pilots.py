"""Which query is piloted by which segment, what it may see, and noise.

Noise is on the inputs of mask-piloted queries; their targets stay clean.
Paper: MP-Former Sec. 3, "noised masks" and "label-guided training".

Letters: B images, N the largest segment count of an image, M = groups * N
mask-piloted slots, Q matching queries, T = M + Q, S segments of the batch, A
locations of a feature map. Mask-piloted slots come first; slot g * N + j is
segment j in group g, and padding where the image has no segment j.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d, pad
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True)
class PilotSettings:
    """The keys of `mp_cfg`.

    Paper: Zhang et al., MP-Former, CVPR 2023; docs/mp_former.md.

    Args:
        num_groups: Copies of the ground truth among the queries.
        mask_noise_scale: Lambda of the point noise on pilot masks; 0 is off.
        label_noise_ratio: Probability of replacing the class that a query
            starts from; in [0, 1].
        pilot_layers: Number of leading decoder layers that attend where the
            pilot mask allows, or 'all'. In the later ones a mask-piloted
            query uses its own prediction.
        padding: Slots without a segment, in images with few: with
            'reference' (the released code) their group sees them and their
            class target is no_object; with 'strict' they are seen by
            themselves alone and have no class loss, so that an image's
            outputs do not depend on the others of its batch.
        query_pos: 'zero' keeps the learned positions of the matching
            queries and gives mask-piloted ones none; 'none' drops them for
            all queries, in inference too, as the released code does.

    Raises:
        TypeError: Unknown key.
        ValueError: Value out of range.
    """

    num_groups: int = 1
    mask_noise_scale: float = 0.2
    label_noise_ratio: float = 0.2
    pilot_layers: str | int = 'all'
    padding: str = 'reference'
    query_pos: str = 'zero'

    def __post_init__(self) -> None:
        """Check ranges."""
        groups, layers = self.num_groups, self.pilot_layers
        count = type(layers) is int and layers >= 0
        noise, labels = self.mask_noise_scale, self.label_noise_ratio
        paddings, positions = ('reference', 'strict'), ('zero', 'none')
        for name, holds, allowed in (
            ('num_groups', type(groups) is int and groups > 0, '1 or more'),
            ('mask_noise_scale', noise >= 0, '0 or more'),
            ('label_noise_ratio', 0 <= labels <= 1, 'in [0, 1]'),
            ('pilot_layers', layers == 'all' or count, "'all' or 0 or more"),
            ('padding', self.padding in paddings, f'one of {paddings}'),
            ('query_pos', self.query_pos in positions, f'one of {positions}'),
        ):
            if not holds:
                raise ValueError(
                    f'mp_cfg.{name}={getattr(self, name)!r} must be {allowed}.'
                )


@dataclass(frozen=True)
class PilotSlots:
    """Segments of the mask-piloted queries of one step.

    Attributes:
        labels: Classes of all segments, image by image. (S,) int64.
        masks: Their masks on the padded canvas. (S, H, W) bool.
        counts: Segments of each image; at least one is above 0.
        num_groups: Slots of each segment, 1 or more.
    """

    labels: Tensor
    masks: Tensor
    counts: tuple[int, ...]
    num_groups: int

    @classmethod
    def of(
        cls, batch_gt_instances: list[InstanceData], num_groups: int
    ) -> PilotSlots | None:
        """Collect the segments of a batch; None if it has none."""
        counts = tuple(len(gt.labels) for gt in batch_gt_instances)
        if not any(counts):
            return None
        labels = torch.cat([gt.labels for gt in batch_gt_instances]).long()
        masks = torch.cat([gt.masks for gt in batch_gt_instances]) > 0
        return cls(labels, masks, counts, num_groups)

    @property
    def num_slots(self) -> int:
        """M, padding included."""
        return self.num_groups * max(self.counts)

    @property
    def is_padding(self) -> Tensor:
        """Slots without a segment. (B, M) bool."""
        return self.spread(torch.zeros_like(self.labels, dtype=bool), True)

    def spread(self, values: Tensor, fill: float) -> Tensor:
        """Give every slot the value of its segment, padding slots `fill`.

        (S, ...), one entry for each segment, to (B, M, ...).
        """
        images = pad_sequence(
            values.split(self.counts), batch_first=True, padding_value=fill
        )
        return images.repeat(1, self.num_groups, *[1] * (images.dim() - 2))

    def gather(self, values: Tensor) -> Tensor:
        """Take the values of slots with a segment, groups side by side.

        (B, M, ...), one entry for each slot, to (S * groups, ...).
        """
        images = values.unflatten(1, (self.num_groups, -1)).transpose(1, 2)
        segments = [
            image[:count]
            for image, count in zip(images, self.counts, strict=True)
        ]
        return torch.cat(segments).flatten(0, 1)

    def self_attention_mask(self, num_queries: int) -> Tensor:
        """Say which query may see which; True is blocked. (T, T) bool.

        Matching queries see matching ones alone, so their outputs are those
        of a model without the mask-piloted part. A mask-piloted query sees
        its own group, padding included, and the matching queries.
        """
        # -1: the group of matching queries, which all may see.
        slot = torch.arange(self.num_slots, device=self.labels.device)
        group = slot // max(self.counts)
        group = torch.cat([group, group.new_full((num_queries,), -1)])
        return (group[:, None] != group) & (group >= 0)

    def hide_padding(self, attn_mask: Tensor, num_heads: int) -> Tensor:
        """Let padding slots be seen by themselves alone.

        (T, T) bool, True where blocked, to (B * heads, T, T).
        """
        num_queries = len(attn_mask) - self.num_slots
        hidden = pad(self.is_padding, (0, num_queries))[:, None]  # (B, 1, T)
        own = torch.eye(len(attn_mask), dtype=bool, device=attn_mask.device)
        blocked = attn_mask | hidden & ~own
        return blocked.repeat_interleave(num_heads, dim=0)


@torch.no_grad()
def pilot_masks(gt_masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Block the locations of a feature map that a segment does not touch.

    A location is open if any pixel of its window belongs to the segment, so
    that a segment never vanishes at a coarse size. Masks are on the padded
    canvas, (S, H, W) bool; True is blocked, (S, A) bool.

    Paper: MP-Former Sec. 3.
    """
    return adaptive_max_pool2d(gt_masks.float(), size).flatten(1) == 0


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
    """Flip locations of pilot masks (B, M, A), spread over the feature map.

    A mask with a open locations of A flips each one with the probability
    rho = scale * a / A: scale * a flips on average. A mask without an open
    location stays as it is. `scale` is the paper's lambda, at least 0; 0
    draws nothing. True is blocked.
    """
    if scale == 0:
        return blocked
    num_open = (~blocked).sum(-1, keepdim=True)
    rho = scale * num_open / blocked.shape[-1]
    return blocked ^ (torch.rand(blocked.shape, device=blocked.device) < rho)
