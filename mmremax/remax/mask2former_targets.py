"""Matched queries of a Mask2Former, their targets, and losses on points.

Letters: B images, Q queries, G the largest number of matched queries of an
image (or of its segments), N matched queries of the batch, K classes, H W
the mask grid, h w the canvas of the ground truth, P = H * W.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmremax.kmax.layers import at_least_float32
from mmremax.kmax.segments import BatchSegments
from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID
from mmremax.utils.point_losses import point_losses


@dataclass
class MatchedQueries:
    """Predictions of the matched queries, in the order of the queries.

    Rows of images with fewer than G matched queries are filled up with
    unmatched ones. What LayerPrediction is in kMaX-DeepLab; at least
    float32.

    Attributes:
        mask_logits: Un-relaxed. (B, G, H, W).
        class_logits: no_object last. (B, G, K + 1).
        labels: Class of the segment, K in a filling row. (B, G), int64.
        is_matched: False in a filling row. (B, G), bool.
        index: Which of the Q queries. (B, G), int64.
        prefix: Of the output's losses in the log.
        is_relaxed: Whether the mask loss may relax the masks.
        semantic_logits: m_sem of a relaxed output, of the K classes.
            (B, K, h', w').
    """

    mask_logits: Tensor
    class_logits: Tensor
    labels: Tensor
    is_matched: Tensor
    index: Tensor
    prefix: str = ''
    is_relaxed: bool = False
    semantic_logits: Tensor | None = None

    @classmethod
    def of(
        cls,
        mask_logits: Tensor,
        class_logits: Tensor,
        labels: Tensor,
        is_matched: Tensor,
        num_rows: int,
        **output: object,
    ) -> MatchedQueries:
        """Pick them out of all Q queries, `num_rows` (G) of each image.

        `output` are the other attributes.
        """
        order = is_matched.int().argsort(dim=1, descending=True, stable=True)
        index = order[:, :num_rows]
        return cls(
            at_least_float32(_rows(mask_logits, index)),
            at_least_float32(_rows(class_logits, index)),
            _rows(labels, index),
            _rows(is_matched, index),
            index,
            **output,
        )


@dataclass
class MatchedTargets:
    """What MatchedQueries shall predict; MaskTargets of kMaX-DeepLab.

    Attributes:
        labels: See MatchedQueries. (B, G), int64.
        is_matched: Likewise. (B, G), bool.
        masks: Of the matched segments, image by image in the order of the
            queries. (N, h, w).
        num_masks: N, averaged over processes, at least 1. (1,).
        semantic_map: Class of each location, or VOID. (B, P), int64.
        size: (H, W).
        class_fractions: None: labels are strided here.
    """

    labels: Tensor
    is_matched: Tensor
    masks: Tensor
    num_masks: Tensor
    semantic_map: Tensor
    size: tuple[int, int]
    class_fractions: None = None


@MODELS.register_module()
class PointMaskLoss(BaseModule):
    """Mask and dice loss of matched masks on sampled points.

    Paper: Mask2Former Sec. 3.3.

    Args:
        num_points: Points of a mask.
        oversample_ratio: Candidates for each point.
        importance_sample_ratio: Part of the points taken by uncertainty.
    """

    def __init__(
        self,
        loss_mask: dict,
        loss_dice: dict,
        num_points: int,
        oversample_ratio: float,
        importance_sample_ratio: float,
    ) -> None:
        super().__init__()
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_dice = MODELS.build(loss_dice)
        self.num_points = num_points
        self.oversample_ratio = oversample_ratio
        self.importance_sample_ratio = importance_sample_ratio

    def forward(
        self, output: MatchedQueries, targets: MatchedTargets
    ) -> dict[str, Tensor]:
        """Compute both losses. Scalars `loss_mask` and `loss_dice`."""
        loss_mask, loss_dice = point_losses(
            self,
            output.mask_logits[targets.is_matched],
            targets.masks,
            targets.num_masks,
        )
        return dict(loss_mask=loss_mask, loss_dice=loss_dice)


def _rows(values: Tensor, index: Tensor) -> Tensor:
    """Pick rows of axis 1 for each image. (B, Q, ...) to (B, G, ...)."""
    shape = values.shape[2:]
    index = index.reshape(*index.shape, *[1] * len(shape))
    return torch.gather(values, 1, index.expand(-1, -1, *shape))


def targets_of_masks(
    batch_labels: Sequence[Tensor],
    batch_masks: Sequence[Tensor],
    size: tuple[int, int],
    image_shapes: Sequence[tuple[int, int]],
    void_label: int | None = None,
) -> MaskTargets:
    """Draw the masks of each image into one map; each is its own query.

    For losses that ask for the class of a location, without matching. It
    takes the pixel nearest to its centre. Where instance masks overlap, the
    one of fewer locations wins, so that small things on large ones stay.

    Args:
        batch_labels: Classes of each image's segments. B of (G,), int64.
        batch_masks: Binary, on the padded canvas. B of (G, h, w).
        size: (H, W) of the mask grid.
        image_shapes: Height and width of each image inside the canvas.
        void_label: Class of the locations of the image that no mask covers,
            which then count as a segment; None is VOID. Padding is VOID.

    Returns:
        Targets whose `query_map` holds the index of the segment.
    """
    maps, labels = [], []
    for own_labels, masks, shape in zip(
        batch_labels, batch_masks, image_shapes, strict=True
    ):
        rows, columns = (
            _centres(count, side, masks.device)
            for count, side in zip(size, masks.shape[-2:], strict=True)
        )
        locations = masks[:, rows][:, :, columns] > 0  # (G, H, W)
        inside = (rows < shape[0])[:, None] & (columns < shape[1])
        if void_label is not None:
            rest = inside & ~locations.any(0)
            locations = torch.cat([locations, rest[None]])
            own_labels = torch.cat(
                [own_labels, own_labels.new_full((1,), void_label)]
            )
        maps.append(_index_map(locations).where(inside, VOID))
        labels.append(own_labels.long())
    segments = BatchSegments(torch.stack(maps), labels)
    padded = segments.padded_labels()
    weight = torch.ones_like(padded, dtype=torch.float32)
    return MaskTargets(
        query_map=segments.segment_map.flatten(1),
        semantic_map=segments.semantic_map().flatten(1),
        labels=padded,
        query_class_weight=weight,
        query_mask_weight=weight,
        size=tuple(size),
    )


def _centres(count: int, side: int, device: torch.device) -> Tensor:
    """Pixel nearest to each location's centre along a side. (count,)."""
    centres = (torch.arange(count, device=device) + 0.5) * (side / count)
    return centres.long()


def _index_map(locations: Tensor) -> Tensor:
    """Index of the smallest mask at each location. (G, H, W) to (H, W)."""
    if len(locations) == 0:
        return torch.full(
            locations.shape[-2:],
            VOID,
            dtype=torch.int64,
            device=locations.device,
        )
    order = locations.flatten(1).sum(1).argsort(stable=True)
    first = locations[order].byte().argmax(0)  # the first of equal values
    return order[first].where(locations.any(0), VOID)
