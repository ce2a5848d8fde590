"""Merges query masks into segments that do not overlap, on the host.

The published rule: queries are visited by descending score and write
the free part of their mask if their class is sure enough and most of their
mask is still free. `merge_queries` is the rule; `PairCanvas` answers how much
of a mask is free, from counts alone.

Letters: Q queries, S segments, H W output.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Real

import numpy as np

from .errors import InputError

INSTANCE_OFFSET = 1000  # mmdet's: a thing's id is class + offset x instance
MIN_PIXEL_THRESHOLD = 1 / 3 + 1e-4  # rounding included


@dataclass(frozen=True)
class FusionConfig:
    """Constants of the published test-time path; the defaults are COCO's.

    Attributes:
        panoptic_on: Make `pan_results`.
        semantic_on: Make `sem_results`.
        semantic_by_query: Give a pixel the class of its best query, as the
            TensorFlow code does, and not that of the best sum over queries.
        instance_on: Make `ins_results`.
        pixel_threshold: A query holds the pixels where its probability is
            above this, which is above 1/3: at most two queries meet.
        thing_threshold: A thing needs a class probability above this.
        stuff_threshold: The same for stuff.
        overlap_threshold: A query writes if more than this part of its mask
            is still free.
        class_score_power: Queries are ordered by class probability to this
            power ...
        mask_score_power: ... times mean mask probability to this power.
        min_thing_area: Smaller things become void. In pixels of the resized
            network input, as published for TensorFlow (COCO 400).
        min_stuff_area: The same for the whole of a stuff class (COCO 6400).
        max_per_image: Most instances of `ins_results`.
    """

    panoptic_on: bool = True
    semantic_on: bool = False
    semantic_by_query: bool = False
    instance_on: bool = False
    pixel_threshold: float = 0.4
    thing_threshold: float = 0.7
    stuff_threshold: float = 0.5
    overlap_threshold: float = 0.8
    class_score_power: float = 1.0
    mask_score_power: float = 1.0
    min_thing_area: float = 0
    min_stuff_area: float = 0
    max_per_image: int = 100

    def __post_init__(self) -> None:
        """Check types and ranges."""
        for field in fields(self):
            value = getattr(self, field.name)
            is_real = isinstance(value, Real) and value >= 0
            holds, allowed = is_real, 'a number from 0'
            if field.name.endswith('_threshold'):
                holds, allowed = is_real and value <= 1, 'from 0 to 1'
            if field.type == 'bool':
                holds, allowed = isinstance(value, bool), 'True or False'
            if not holds:
                raise InputError(
                    f'model.test_cfg.{field.name} is {value!r}: it should be '
                    f'{allowed}.'
                )
        if not MIN_PIXEL_THRESHOLD < self.pixel_threshold < 1:
            raise InputError(
                f'model.test_cfg.pixel_threshold={self.pixel_threshold}: '
                'it must lie between 1/3 and 1 (published: 0.4). The merge '
                'counts pairs of queries, and above 1/3 no three can hold a '
                'pixel.'
            )

    @classmethod
    def from_test_cfg(cls, test_cfg: dict | None) -> FusionConfig:
        """Read `test_cfg`; a key that nobody would use is an error."""
        test_cfg = dict(test_cfg or {})
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(test_cfg) - set(known))
        if unknown:
            raise TypeError(
                f'model.test_cfg has unknown keys {unknown}; KMaXFusionHead '
                f'reads {known}'
            )
        return cls(**test_cfg)


@dataclass
class MergedSegment:
    """One segment of the merged map; stuff may have several queries.

    Attributes:
        label: Class.
        queries: Those that wrote it.
        area: In output pixels.
        score: Of the query that came first, as the order of the merge.
    """

    label: int
    queries: list[int]
    area: int
    score: float


class PairCanvas:
    """Canvas for masks of which at most two meet at any pixel.

    A pixel that an earlier query m took from query n lies in both masks,
    and in no third; so the free area of n is its area less its overlaps
    with the queries that wrote.

    Args:
        pair_counts: Pixels per pair code `i * (Q + 1) + j`, where Q is
            "none". ((Q + 1) ** 2,).
    """

    def __init__(self, pair_counts: np.ndarray) -> None:
        side = round(len(pair_counts) ** 0.5)
        self.num_queries = side - 1
        table = pair_counts.reshape(side, side).astype(np.int64)
        table = table + table.T  # the order inside a pair means nothing
        self.area = table.sum(1)[:-1]
        self.overlap = table[:-1, :-1]
        self.written: list[int] = []

    def free_area(self, query: int) -> int:
        """Count pixels of the query's mask that nobody wrote."""
        return int(self.area[query] - self.overlap[query, self.written].sum())

    def write(self, query: int) -> None:
        """Give the free pixels of the mask to the query."""
        self.written.append(query)

    def value_of_code(self, values: np.ndarray, void: int) -> np.ndarray:
        """Return what each pair code shows: the earlier writer's value.

        From the value of each query, (Q,), to that of each code,
        ((Q + 1) ** 2,); `void` where neither of a pair wrote.
        """
        turn = np.full(self.num_queries + 1, len(self.written))
        turn[self.written] = np.arange(len(self.written))
        value = np.full(self.num_queries + 1, void)
        value[self.written] = values[self.written]
        first = turn[:, None] <= turn[None, :]
        return np.where(first, value[:, None], value[None, :]).ravel()


def merge_queries(
    canvas: PairCanvas,
    class_prob: np.ndarray,
    labels: np.ndarray,
    prob_sum: np.ndarray,
    num_things: int,
    cfg: FusionConfig,
) -> list[MergedSegment]:
    """Let the queries write, best score first.

    Paper: kMaX-DeepLab, mask-wise merging.

    Args:
        canvas: Written to.
        class_prob: Probability of the best real class. (Q,).
        labels: That class. (Q,).
        prob_sum: Mask probability, summed over the pixels of the mask. (Q,).
        num_things: Labels below this are things.
        cfg: Thresholds, all strict, and powers of the score.

    Returns:
        Segments in the order of their first pixel's writing.
    """
    mask_prob = prob_sum / np.maximum(canvas.area, 1)  # mean; 0 if empty
    score = class_prob**cfg.class_score_power * mask_prob**cfg.mask_score_power
    segments: list[MergedSegment] = []
    stuff: dict[int, MergedSegment] = {}
    for query in np.argsort(-score, kind='stable').tolist():
        label = int(labels[query])
        is_thing = label < num_things
        threshold = cfg.thing_threshold if is_thing else cfg.stuff_threshold
        if not class_prob[query] > threshold:
            continue
        free = canvas.free_area(query)
        if not free > cfg.overlap_threshold * canvas.area[query]:
            continue
        canvas.write(query)
        if label in stuff:
            stuff[label].queries.append(query)
            stuff[label].area += free
            continue
        segments.append(
            MergedSegment(label, [query], free, float(score[query]))
        )
        if not is_thing:
            stuff[label] = segments[-1]
    return segments


def large_segments(
    segments: list[MergedSegment],
    num_things: int,
    min_areas: tuple[float, float],
) -> list[MergedSegment]:
    """Leave out the segments that are too small.

    `min_areas` are those of a thing and of a stuff class, in output pixels.
    """
    return [
        segment
        for segment in segments
        if segment.area >= min_areas[0 if segment.label < num_things else 1]
    ]


def panoptic_ids(segments: list[MergedSegment], num_things: int) -> list[int]:
    """Number the segments as mmdet does.

    Stuff has its class as id; a thing its class plus INSTANCE_OFFSET times
    its number, from 1.
    """
    ids, instance = [], 0
    for segment in segments:
        is_thing = segment.label < num_things
        instance += is_thing
        offset = instance * INSTANCE_OFFSET if is_thing else 0
        ids.append(segment.label + offset)
    return ids


def ids_of_queries(
    segments: list[MergedSegment], ids: list[int], num_queries: int, void: int
) -> np.ndarray:
    """Tell the id of the pixels that each query wrote, or `void`. (Q,)."""
    of_query = np.full(num_queries, void)
    for segment, segment_id in zip(segments, ids, strict=True):
        of_query[segment.queries] = segment_id
    return of_query
