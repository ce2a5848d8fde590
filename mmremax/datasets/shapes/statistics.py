"""What a synthetic image holds, in numbers that add up."""

from dataclasses import astuple, dataclass

import numpy as np

from .canvas import ShapeCanvas
from .textures import THINGS

_THING_IDS = {category['id'] for category in THINGS}


@dataclass
class SampleStatistics:
    """Counts of an image, or of several added up.

    Attributes:
        images: Number of images.
        things: Visible objects; crowds do not count.
        stuff: Visible regions of ground.
        crowds: Crowd segments.
        pixels: Pixels of the images.
        thing_pixels: Those of visible objects.
        void_pixels: Those without a segment.
        touching_pixels: Pixels of objects that touch one of their class.
        drawn_pixels: Pixels of all objects when they were drawn.
        hidden_pixels: Those that a later object of the same class covered.
    """

    images: int = 0
    things: int = 0
    stuff: int = 0
    crowds: int = 0
    pixels: int = 0
    thing_pixels: int = 0
    void_pixels: int = 0
    touching_pixels: int = 0
    drawn_pixels: int = 0
    hidden_pixels: int = 0

    def __add__(self, other: 'SampleStatistics') -> 'SampleStatistics':
        pairs = zip(astuple(self), astuple(other), strict=True)
        return SampleStatistics(*(a + b for a, b in pairs))


def measure(canvas: ShapeCanvas, segments: list[dict]) -> SampleStatistics:
    """Count what is in a finished drawing.

    Args:
        canvas: After its ``segments()``.
        segments: The table that it gave.
    """
    objects = {
        s['id']: s
        for s in segments
        if s['category_id'] in _THING_IDS and not s['iscrowd']
    }
    touching = touching_ids(canvas.id_map, objects)
    crowds = sum(s['iscrowd'] for s in segments)
    return SampleStatistics(
        images=1,
        things=len(objects),
        stuff=len(segments) - len(objects) - crowds,
        crowds=crowds,
        pixels=canvas.id_map.size,
        thing_pixels=sum(s['area'] for s in objects.values()),
        void_pixels=int(np.count_nonzero(canvas.id_map == 0)),
        touching_pixels=sum(objects[i]['area'] for i in touching),
        drawn_pixels=canvas.num_drawn,
        hidden_pixels=canvas.num_hidden,
    )


def touching_ids(id_map: np.ndarray, objects: dict[int, dict]) -> set[int]:
    """Ids of objects with a pixel beside one of another of their class.

    Args:
        id_map: Segment ids. (H, W).
        objects: Entries of the segment table by id; other ids are ignored.
    """
    pairs = set()
    for first, second in (
        (id_map[1:], id_map[:-1]),
        (id_map[:, 1:], id_map[:, :-1]),
    ):
        edge = first != second
        pairs |= set(
            zip(first[edge].tolist(), second[edge].tolist(), strict=True)
        )
    return {
        i
        for a, b in pairs
        if a in objects
        and b in objects
        and objects[a]['category_id'] == objects[b]['category_id']
        for i in (a, b)
    }
