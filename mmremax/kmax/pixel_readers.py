"""What one pass over the pixels collects; one class per kind of result.

A reader gets strips of mask probabilities, queries last, and keeps only
small things: pair codes, bits or class ids, never the probabilities.
Nothing here waits for the device.

Letters: Q queries, K real classes, H W output (see docs/notation.md).
"""

from __future__ import annotations

import torch
from torch import Tensor


class PairReader:
    """Notes the at most two queries above a threshold > 1/3 at each pixel.

    Query index Q stands for "none". The pair (i, j) has the code
    `i * (Q + 1) + j`. A query holds a pixel if its probability is above
    `threshold`.
    """

    def __init__(
        self,
        num_queries: int,
        size: tuple[int, int],
        threshold: float,
        device: torch.device,
    ) -> None:
        self.num_queries = num_queries
        self.threshold = threshold
        self.codes = torch.zeros(size, dtype=torch.int32, device=device)
        self.prob_sum = torch.zeros(
            num_queries + 1, dtype=torch.float64, device=device
        )

    def read(self, rows: slice, mask_prob: Tensor) -> None:
        """Note one strip. `mask_prob`: over queries, (rows, W, Q)."""
        held = min(2, self.num_queries)
        prob, query = mask_prob.topk(held, dim=-1, sorted=False)
        query = query.masked_fill(~(prob > self.threshold), self.num_queries)
        self.prob_sum.scatter_add_(0, query.flatten(), prob.flatten().double())
        second = query[..., 1] if held > 1 else self.num_queries
        self.codes[rows] = query[..., 0] * (self.num_queries + 1) + second

    def pair_counts(self) -> Tensor:
        """Count the pixels of every code. ((Q + 1) ** 2,), int64."""
        codes = self.codes.flatten().long()
        counts = codes.new_zeros((self.num_queries + 1) ** 2)
        return counts.scatter_add_(0, codes, torch.ones_like(codes))


class MaskReader:
    """Keeps the binary mask of every query: [probability > threshold]."""

    def __init__(
        self,
        num_queries: int,
        size: tuple[int, int],
        threshold: float,
        device: torch.device,
    ) -> None:
        self.threshold = threshold
        self.masks = torch.zeros(
            num_queries, *size, dtype=torch.bool, device=device
        )
        self.prob_sum = torch.zeros(
            num_queries, dtype=torch.float64, device=device
        )

    def read(self, rows: slice, mask_prob: Tensor) -> None:
        """Note one strip. `mask_prob`: over queries, (rows, W, Q)."""
        mask = mask_prob > self.threshold
        self.masks[:, rows] = mask.permute(2, 0, 1)
        self.prob_sum += (mask_prob * mask).sum((0, 1), dtype=torch.float64)


class SemanticReader:
    """Notes the class of every pixel.

    Args:
        class_prob: Probability of the real classes, no_object dropped.
            (Q, K).
        size: H, W.
        by_query: Take the class of the pixel's best query (TensorFlow code)
            instead of argmax of sum_n class_n x mask_n (PyTorch code).
    """

    def __init__(
        self, class_prob: Tensor, size: tuple[int, int], by_query: bool
    ) -> None:
        self.class_prob = class_prob
        self.by_query = by_query
        self.labels = torch.zeros(
            size, dtype=torch.int64, device=class_prob.device
        )

    def read(self, rows: slice, mask_prob: Tensor) -> None:
        """Note one strip. `mask_prob`: over queries, (rows, W, Q)."""
        if self.by_query:
            labels = self.class_prob.argmax(-1)[mask_prob.argmax(-1)]
        else:
            labels = (mask_prob @ self.class_prob).argmax(-1)
        self.labels[rows] = labels
