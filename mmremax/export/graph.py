"""The network and the pass over the pixels, as one module to export.

Letters: B images, Q queries, K real classes, h w stride 4, H W output,
N blocks of outputs along an axis, S outputs of a block, I inputs it reads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

INPUTS = (
    'image',
    'row_index',
    'row_weight',
    'col_index',
    'col_weight',
    'pixel_threshold',
)
OUTPUTS = ('class_logits', 'codes', 'prob_sum', 'mask_logits')


class KMaXGraph(nn.Module):
    """A KMaXDeepLab from the normalised image to what the merge needs."""

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector

    def forward(
        self,
        image: Tensor,
        row_index: Tensor,
        row_weight: Tensor,
        col_index: Tensor,
        col_weight: Tensor,
        pixel_threshold: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Run the network, resize its masks and note who holds each pixel.

        Args:
            image: Normalised and padded. (B, 3, H, W).
            row_index: Rows of the mask logits that each block of output
                rows is made of. (N, I), int64.
            row_weight: Their weights. (N, S, I).
            col_index: The same of columns.
            col_weight: The same of columns.
            pixel_threshold: Above 1/3. ().

        Returns:
            Class logits (B, Q, K + 1), pair codes (B, N * S of rows, N * S
            of columns), int32, the sums of the masks' probabilities (B, Q),
            float64, and the mask logits (B, Q, h, w).
        """
        class_logits, mask_logits = self.detector._forward(image)
        codes, prob_sum = read_pairs(
            mask_logits,
            (row_index, row_weight),
            (col_index, col_weight),
            pixel_threshold,
        )
        return class_logits, codes, prob_sum, mask_logits


def read_pairs(
    mask_logits: Tensor,
    rows: tuple[Tensor, Tensor],
    cols: tuple[Tensor, Tensor],
    pixel_threshold: Tensor,
) -> tuple[Tensor, Tensor]:
    """Note the at most two queries above the threshold at each pixel.

    A strip of rows at a time, so that probabilities stay in the caches. A
    pixel whose weights are all 0 has equal probabilities: nobody holds it.
    See `KMaXGraph.forward`.
    """
    num_queries = mask_logits.shape[1]
    index, weight = cols
    wide = mask_logits.permute(0, 2, 3, 1)  # (B, h, w, Q)
    wide = wide.index_select(2, index.flatten())
    wide = wide.unflatten(2, index.shape)  # (B, h, N, I, Q)
    wide = (weight @ wide).flatten(2, 3)  # (B, h, W, Q)
    width = wide.shape[2]
    # Counted from -Q to -1, so that no query adds nothing.
    number = torch.arange(-num_queries, 0, dtype=torch.float32)
    powers = torch.stack([number, number**2], dim=1)  # (Q, 2)

    def read_strip(
        total: Tensor, strip: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        index, weight = strip
        source = wide.index_select(1, index).flatten(2)
        logits = (weight @ source).unflatten(2, (width, num_queries))
        prob = logits.softmax(-1)  # (B, S, W, Q)
        held = (prob > pixel_threshold).to(prob.dtype)
        row_sum = (prob * held).sum(2).double()  # (B, S, Q)
        # Two numbers follow from their sum and the sum of their squares.
        added, squared = (held @ powers).unbind(-1)
        apart = (2 * squared - added**2).clamp(min=0).sqrt()
        first, second = (added - apart) / 2, (added + apart) / 2
        codes = (first + num_queries) * (num_queries + 1)
        codes = codes + second + num_queries
        return total + row_sum.sum(1), codes.to(torch.int32)

    total = mask_logits.new_zeros(mask_logits.shape[:2], dtype=torch.float64)
    total, codes = torch._higher_order_ops.scan(read_strip, total, rows)
    return codes.movedim(0, 1).flatten(1, 2), total  # (B, N * S, W)
