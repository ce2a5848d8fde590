"""What a network says of one image, before any class is decided.

It is small beside the masks, and enough to merge again with other
thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .classes import Classes
from .merge import (
    FusionConfig,
    PairCanvas,
    ids_of_queries,
    large_segments,
    merge_queries,
)
from .segmentation import Segment, Segmentation, boxes_of
from .strips import count_values


@dataclass(frozen=True)
class Evidence:
    """The queries' classes, and the queries that hold each pixel.

    Attributes:
        class_prob: Without no_object. (Q, K).
        codes: Code `i * (Q + 1) + j` of the at most two queries that hold
            the pixel, Q is none. (H, W), integer.
        prob_sum: Mask probability, summed over the pixels of each mask.
            (Q,).
        scale: Pixels of the resized network input per output pixel.
    """

    class_prob: np.ndarray
    codes: np.ndarray
    prob_sum: np.ndarray
    scale: float

    def merge(
        self,
        fusion: FusionConfig,
        classes: Classes,
        image: np.ndarray | None = None,
        source: str | None = None,
    ) -> Segmentation:
        """Merge the masks into segments.

        Args:
            fusion: Thresholds. The pixel threshold was applied before.
            classes: K.
            image: Kept for drawing. RGB, uint8, (H, W, 3).
            source: Kept as the image's name.
        """
        num_queries = len(self.class_prob)
        counts = count_values(self.codes, (num_queries + 1) ** 2)
        canvas = PairCanvas(counts)
        labels = self.class_prob.argmax(1)
        merged = merge_queries(
            canvas,
            self.class_prob.max(1),
            labels,
            self.prob_sum,
            classes.num_things,
            fusion,
        )
        min_areas = (
            fusion.min_thing_area / self.scale,
            fusion.min_stuff_area / self.scale,
        )
        merged = large_segments(merged, classes.num_things, min_areas)
        numbers = list(range(1, len(merged) + 1))
        of_query = ids_of_queries(merged, numbers, num_queries, void=0)
        lookup = canvas.value_of_code(of_query, void=0).astype(np.int32)
        ids = lookup[self.codes]
        segments = [
            Segment(
                id=number,
                label=segment.label,
                category=classes.names[segment.label],
                isthing=classes.is_thing(segment.label),
                score=segment.score,
                area=segment.area,
                box=box,
            )
            for number, segment, box in zip(
                numbers, merged, boxes_of(ids, len(merged)), strict=True
            )
        ]
        return Segmentation(ids, segments, classes, image, source)
