"""Follows segments through the frames of a video, by their overlap.

Letters: S segments of the frame before, T segments of this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np

from .segmentation import Segmentation
from .strips import count_values

MIN_OVERLAP = 0.25
"""Intersection over union from which two segments are the same."""


@dataclass(frozen=True)
class Track:
    """A segment that goes through frames.

    Attributes:
        number: From 1, each once in a video.
        instance: From 0, each once among those of its class in a frame:
            what its colour is chosen by.
    """

    number: int
    instance: int


class Tracker:
    """Gives the segments of frame after frame their tracks."""

    def __init__(self) -> None:
        self._before: Segmentation | None = None
        self._tracks: list[Track] = []
        self._numbers = count(1)

    def follow(self, result: Segmentation) -> list[Track]:
        """Return the track of each segment of the next frame. T."""
        tracks: dict[int, Track] = {}
        taken: set[tuple[int, int]] = set()
        labels = [segment.label for segment in result.segments]
        for old, new in self._matches(result):
            tracks[new] = self._tracks[old]
            taken.add((labels[new], tracks[new].instance))
        for new, label in enumerate(labels):
            if new not in tracks:
                instance = next(i for i in count() if (label, i) not in taken)
                tracks[new] = Track(next(self._numbers), instance)
                taken.add((label, instance))
        self._before = result
        self._tracks = [tracks[new] for new in range(len(labels))]
        return self._tracks

    def _matches(self, result: Segmentation) -> list[tuple[int, int]]:
        """Pair the segments of both frames, the largest overlap first."""
        if self._before is None or self._before.ids.shape != result.ids.shape:
            return []
        overlap = overlaps(self._before, result)
        pairs = []
        while overlap.size and overlap.max() > MIN_OVERLAP:
            old, new = np.unravel_index(overlap.argmax(), overlap.shape)
            pairs.append((int(old), int(new)))
            overlap[old], overlap[:, new] = 0, 0
        return pairs


def overlaps(before: Segmentation, after: Segmentation) -> np.ndarray:
    """Intersection over union of segments of one class, else 0. (S, T)."""
    shape = len(before.segments) + 1, len(after.segments) + 1
    codes = before.ids * shape[1] + after.ids
    shared = count_values(codes, shape[0] * shape[1])
    shared = shared.reshape(shape)[1:, 1:]  # without void
    areas, labels = (
        [
            np.array([getattr(s, name) for s in result.segments], int)
            for result in (before, after)
        ]
        for name in ('area', 'label')
    )
    union = areas[0][:, None] + areas[1] - shared
    is_same = labels[0][:, None] == labels[1]
    return np.where(is_same, shared / np.maximum(union, 1), 0)
