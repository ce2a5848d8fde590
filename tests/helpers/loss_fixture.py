"""The loss fixture of the golden file, and its closed-form noise."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.segments import BatchSegments
from mmremax.kmax.targets import MaskTargets
from tests.golden import S


def golden_noise(
    shape: torch.Size,
    device: torch.device,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Gumbel noise of u[b, p] = frac(0.618... * (P b + p + 1)), float64."""
    index = torch.arange(1, shape.numel() + 1, dtype=torch.float64)
    uniform = (0.618033988749895 * index).frac()
    return -torch.log(-torch.log(uniform)).view(shape)


def fixture_output(
    shift: int = 0, num_queries: int = 6, requires_grad: bool = False
) -> tuple[LayerPrediction, Tensor]:
    """Output `shift` (0 is the main one) and the leaf pixel feature."""
    leaf = S((2, 8, 9, 9), 0.53 + 0.05 * shift, 0.1, 1)
    leaf = F.normalize(leaf, dim=1).requires_grad_(requires_grad)
    prediction = LayerPrediction(
        class_logits=S((2, num_queries, 5), 0.91 + 0.07 * shift, 0.2, 2),
        mask_logits=S((2, num_queries, 9, 9), 0.37 + 0.11 * shift, 0, 3),
        pixel_feature=leaf,
    )
    prediction.class_logits.requires_grad_(requires_grad)
    prediction.mask_logits.requires_grad_(requires_grad)
    return prediction, leaf


def regions(
    side: int, cell: tuple[int, int], num_regions: int, labels: list[Tensor]
) -> BatchSegments:
    """Two images of cells; regions beyond the labels of an image are void."""
    y = torch.arange(side)[:, None] // cell[0]
    x = torch.arange(side)[None] // cell[1]
    region = torch.stack([(y + 2 * x + b) % num_regions for b in range(2)])
    counts = torch.tensor([len(own) for own in labels])[:, None, None]
    return BatchSegments(torch.where(region < counts, region, -1), labels)


def fixture_segments() -> BatchSegments:
    """Two images with 4 and 3 segments on a 9 x 9 grid."""
    labels = [torch.tensor([2, 0, 3, 1]), torch.tensor([1, 3, 0])]
    return regions(9, (3, 3), 5, labels)


def as_data_samples(segments: BatchSegments) -> list[SimpleNamespace]:
    """Wrap segments as the head expects them from the pipeline."""
    return [
        SimpleNamespace(
            gt_segments=SimpleNamespace(labels=labels),
            gt_segment_map=SimpleNamespace(data=segment_map[None]),
            get=lambda key, default=None: default,
        )
        for segment_map, labels in zip(
            segments.segment_map, segments.labels, strict=True
        )
    ]


def slow_cross_entropy(
    logits: Tensor, labels: Tensor, activation: str
) -> float:
    """Mean over images of the mean over locations, by loops; -1 is void.

    Args:
        logits: (B, C, P).
        labels: (B, P).
        activation: Softmax, or sigmoid whose C terms are summed.
    """
    images = []
    for z, own in zip(logits.numpy(), labels.tolist(), strict=True):
        terms = []
        for p, label in enumerate(own):
            if label < 0:
                continue
            m = z[:, p]
            if activation == 'softmax':
                terms.append(np.log(np.exp(m).sum()) - m[label])
            else:
                prob = 1 / (1 + np.exp(-m))
                y = np.arange(len(m)) == label
                terms.append(-np.log(np.where(y, prob, 1 - prob)).sum())
        images.append(np.mean(terms))
    return np.mean(images)


def mask_targets(
    query_map: Tensor, size: tuple[int, int], queries: int, **others: object
) -> MaskTargets:
    """Targets of a map (B, P); classes are queries, and all weights 1."""
    shape = (len(query_map), queries)
    values = dict(
        semantic_map=query_map,
        labels=torch.zeros(shape, dtype=torch.long),
        query_class_weight=torch.ones(shape),
        query_mask_weight=torch.ones(shape),
    )
    return MaskTargets(query_map=query_map, size=size, **values | others)
