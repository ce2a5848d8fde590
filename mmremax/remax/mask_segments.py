"""Ground truth of a batch from binary masks, as mmdet's heads have it.

Letters: B images, K classes, G segments of one image, H W the mask grid,
h w the canvas of the masks, P = H * W.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mmremax.kmax.segments import (
    BatchSegments,
)
from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID


def targets_of_masks(
    batch_labels: Sequence[Tensor],
    batch_masks: Sequence[Tensor],
    size: tuple[int, int],
    image_shapes: Sequence[tuple[int, int]],
    void_label: int | None = None,
) -> MaskTargets:
    """Draw the masks of each image into one map; each is its own query.

    For losses that ask for the class of a cell and need no matching. A cell
    takes the pixel nearest to its centre. Where instance masks overlap, the
    one of fewer cells wins, so that small things on large ones stay.

    Args:
        batch_labels: Classes of each image's segments. B of (G,), int64.
        batch_masks: Binary, on the padded canvas. B of (G, h, w).
        size: (H, W) of the mask grid.
        image_shapes: Height and width of each image inside the canvas.
        void_label: Class of the cells of the image that no mask covers,
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
        cells = masks[:, rows][:, :, columns] > 0  # (G, H, W)
        inside = (rows < shape[0])[:, None] & (columns < shape[1])
        if void_label is not None:
            rest = inside & ~cells.any(0)
            cells = torch.cat([cells, rest[None]])
            own_labels = torch.cat(
                [own_labels, own_labels.new_full((1,), void_label)]
            )
        maps.append(_index_map(cells).where(inside, VOID))
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
    """Pixel nearest to the centre of each cell along one side. (count,)."""
    centres = (torch.arange(count, device=device) + 0.5) * (side / count)
    return centres.long()


def _index_map(cells: Tensor) -> Tensor:
    """Index of the smallest mask at each cell. (G, H, W) to (H, W)."""
    if len(cells) == 0:
        return torch.full(
            cells.shape[-2:], VOID, dtype=torch.int64, device=cells.device
        )
    order = cells.flatten(1).sum(1).argsort(stable=True)
    first = cells[order].byte().argmax(0)  # the first of equal values
    return order[first].where(cells.any(0), VOID)
