"""Readers of the pixels: what is kept of the mask probabilities.

A reader gets them tile by tile, queries last, and keeps only small things:
pair codes, bits or class ids. None waits for the device.

Letters: Q queries, K real classes, H W output (see docs/notation.md).
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Tile = tuple[slice, slice]  # output rows and columns


def _held_by_search(
    prob: Tensor, threshold: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Find who holds each pixel of a tile, by NumPy.

    On a CPU this takes a third of the time of torch's top two.

    Args:
        prob: Over queries. (pixels, Q).

    Returns:
        Codes (pixels,), and of each hold its query and its probability.
    """
    prob = prob.detach().numpy()
    num_pixels, none = prob.shape
    index = np.flatnonzero(prob > threshold)
    pixel, query = np.divmod(index, none)
    first = np.full(num_pixels, none)
    first[pixel] = query  # of two the later one
    second = np.full(num_pixels, none)
    both = np.flatnonzero(pixel[1:] == pixel[:-1])
    second[pixel[both]] = query[both]
    held = query, prob.reshape(-1)[index]
    return tuple(map(torch.from_numpy, (first * (none + 1) + second, *held)))


def _held_by_top_two(
    prob: Tensor, threshold: float
) -> tuple[Tensor, Tensor, Tensor]:
    """As `_held_by_search`, where looking at a number would wait.

    A pixel has two holds; query Q is "none".
    """
    none = prob.shape[-1]
    if none == 1:
        prob = F.pad(prob, (0, 1))
    prob, query = prob.topk(2, dim=-1)
    query = query.masked_fill(~(prob > threshold), none)
    first, second = query.unbind(-1)
    return first * (none + 1) + second, query.flatten(), prob.flatten()


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

    def read(self, tile: Tile, mask_prob: Tensor) -> None:
        """Note one tile. `mask_prob`: over queries, (rows, cols, Q)."""
        on_cpu = mask_prob.device.type == 'cpu'
        find = _held_by_search if on_cpu else _held_by_top_two
        codes, query, prob = find(mask_prob.flatten(0, 1), self.threshold)
        self.prob_sum.scatter_add_(0, query, prob.double())
        self.codes[tile] = codes.view(mask_prob.shape[:2]).int()

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

    def read(self, tile: Tile, mask_prob: Tensor) -> None:
        """Note one tile. `mask_prob`: over queries, (rows, cols, Q)."""
        mask = mask_prob > self.threshold
        self.masks[(slice(None), *tile)] = mask.permute(2, 0, 1)
        self.prob_sum += (mask_prob * mask).sum((0, 1), dtype=torch.float64)


class SemanticReader:
    """Notes the class of every pixel.

    The class is that of argmax of sum_n class_n x mask_n (PyTorch code), or
    with `by_query` that of the pixel's best query (TensorFlow code).
    `class_prob` is without no_object. (Q, K).
    """

    def __init__(
        self, class_prob: Tensor, size: tuple[int, int], by_query: bool
    ) -> None:
        self.class_prob = class_prob
        self.by_query = by_query
        self.labels = torch.zeros(
            size, dtype=torch.int64, device=class_prob.device
        )

    def read(self, tile: Tile, mask_prob: Tensor) -> None:
        """Note one tile. `mask_prob`: over queries, (rows, cols, Q)."""
        if self.by_query:
            labels = self.class_prob.argmax(-1)[mask_prob.argmax(-1)]
        else:
            labels = (mask_prob @ self.class_prob).argmax(-1)
        self.labels[tile] = labels
