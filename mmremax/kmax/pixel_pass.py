"""One pass over the pixels: mask logits at image size, and what is kept.

The published path resizes twice: stride 4 -> padded input -> (crop) ->
original size. Both steps are linear and separable, so they are two small
matrices, one for rows and one for columns, and the map at input size is
never made. An output row needs a handful of source rows: the matrices are
banded, and only the bands are multiplied, a strip of rows at a time.

A reader gets the strips as mask probabilities, queries last, and keeps only
small things: pair codes, bits or class ids. None waits for the device.

Letters: Q queries, K real classes, h w stride 4, H W output (see
docs/notation.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mmremax_runtime import geometry


@dataclass(frozen=True)
class Band:
    """The part of a resize matrix that makes one block of positions.

    Attributes:
        target: Output positions of the block.
        source: Input positions they are interpolated from.
        weight: Interpolation weights. (target, source).
    """

    target: slice
    source: slice
    weight: Tensor


def crop_shape(meta: dict) -> tuple[int, int]:
    """Return the part of the padded input that shows the image, in pixels.

    Args:
        meta: Metainfo with `img_shape`, `batch_input_shape`, `ori_shape`,
            each height first, in pixels.
    """
    return geometry.crop_shape(
        *(
            tuple(meta[key][:2])
            for key in ('img_shape', 'batch_input_shape', 'ori_shape')
        )
    )


def resize_matrix(
    size: int,
    padded: int,
    crop: int,
    output: int | None,
    align_corners: bool,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Compose resize, crop and resize along one axis into a matrix.

    Args:
        size: Length of the mask logits.
        padded: Length of the padded network input.
        crop: Leading positions of it that show the image.
        output: Length of the result; None keeps the cropped input size.
        align_corners: As in `torch.nn.functional.interpolate`.

    Returns:
        Interpolation weights; every row adds up to 1. (output, size).
    """
    basis = torch.eye(size, dtype=dtype)[None]
    matrix = F.interpolate(
        basis, padded, mode='linear', align_corners=align_corners
    )[..., :crop]
    if output is not None:
        matrix = F.interpolate(
            matrix, output, mode='linear', align_corners=align_corners
        )
    return matrix[0].t()


def split_bands(
    matrix: Tensor, block: int, device: torch.device
) -> list[Band]:
    """Cut a resize matrix (output, size) into blocks of outputs.

    Each holds the inputs it uses and at most `block` outputs; the targets
    cover all outputs in order. The matrix is on the CPU, the weights of the
    bands on `device`.
    """
    bands = []
    for start in range(0, len(matrix), block):
        rows = matrix[start : start + block]
        used = rows.ne(0).any(0).nonzero().flatten().tolist()
        source = slice(used[0], used[-1] + 1)
        target = slice(start, start + len(rows))
        weight = rows[:, source].contiguous().to(device)
        bands.append(Band(target, source, weight))
    return bands


def resize_in_strips(
    mask_logits: Tensor, rows: list[Band], cols: list[Band]
) -> Iterator[tuple[slice, Tensor]]:
    """Yield resized mask logits strip by strip, queries last.

    Args:
        mask_logits: Logits of one image. (Q, h, w).
        rows: Bands along the height, one per strip.
        cols: Bands along the width.

    Yields:
        Output rows of the strip and their logits. (rows, W, Q).
    """
    width = cols[-1].target.stop
    num_queries = len(mask_logits)
    for row in rows:
        source = mask_logits[:, row.source].permute(1, 2, 0).contiguous()
        wide = torch.cat(
            [col.weight @ source[:, col.source] for col in cols], dim=1
        )  # (source rows, W, Q)
        strip = row.weight @ wide.flatten(1)  # (rows, W * Q)
        yield row.target, strip.view(-1, width, num_queries)


def _two_largest(prob: Tensor) -> tuple[Tensor, Tensor]:
    """Find the two largest of each pixel, and their queries. (..., Q), Q > 1.

    Returns probabilities and indices, (..., 2). On a CPU two searches by NumPy
    take a third of the time of torch's top two; between them the largest is
    taken out in place, for a copy would take longer than the search.
    """
    if prob.device.type != 'cpu':
        return prob.topk(2, dim=-1)
    prob = prob.detach()
    first = torch.from_numpy(prob.numpy().argmax(-1))[..., None]
    largest = prob.gather(-1, first)
    prob.scatter_(-1, first, -1.0)
    second = torch.from_numpy(prob.numpy().argmax(-1))[..., None]
    prob.scatter_(-1, first, largest)
    query = torch.cat([first, second], -1)
    return prob.gather(-1, query), query


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
        if self.num_queries == 1:
            mask_prob = F.pad(mask_prob, (0, 1))
        prob, query = _two_largest(mask_prob)
        query = query.masked_fill(~(prob > self.threshold), self.num_queries)
        self.prob_sum.scatter_add_(0, query.flatten(), prob.flatten().double())
        first, second = query.unbind(-1)
        self.codes[rows] = first * (self.num_queries + 1) + second

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

    def read(self, rows: slice, mask_prob: Tensor) -> None:
        """Note one strip. `mask_prob`: over queries, (rows, W, Q)."""
        if self.by_query:
            labels = self.class_prob.argmax(-1)[mask_prob.argmax(-1)]
        else:
            labels = (mask_prob @ self.class_prob).argmax(-1)
        self.labels[rows] = labels
