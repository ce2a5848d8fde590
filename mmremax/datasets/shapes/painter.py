"""What both versions of the synthetic images have in common."""

from abc import ABC, abstractmethod

import numpy as np

from .canvas import ShapeCanvas
from .textures import OUTLINES, STUFF, THINGS, Outline


class Painter(ABC):
    """Draws on a canvas, from back to front.

    A version of the images is fixed by the order in which ``rng`` is read:
    a change of this order changes every image.

    Args:
        rng: Source of all randomness.
        canvas: To draw on.
    """

    outlines: dict[str, Outline] = OUTLINES

    def __init__(self, rng: np.random.Generator, canvas: ShapeCanvas) -> None:
        self.rng = rng
        self.canvas = canvas

    @abstractmethod
    def draw_ground(self) -> None:
        """Fill the image with regions of different stuff."""

    @abstractmethod
    def draw_unlabelled(self) -> None:
        """Smear a flat blob that the annotation does not cover."""

    @abstractmethod
    def finish(self) -> None:
        """Add sensor noise and turn the image to uint8."""

    @abstractmethod
    def object_colours(self) -> np.ndarray:
        """Draw two colours for an object. RGB in [0, 255], (2, 3)."""

    def draw_crowd(self) -> None:
        """Draw a row of small objects that share one crowd segment."""
        rng, size = self.rng, self.canvas.size
        category = THINGS[int(rng.integers(len(THINGS)))]
        segment_id = self.canvas.new_id(category, iscrowd=1)
        radius = min(size) * 0.06
        start = rng.uniform((0.15, 0.1), (0.85, 0.5)) * size
        for i in range(int(rng.integers(4, 8))):
            place = start + np.array([rng.uniform(-1, 1), i * 1.5]) * radius
            outline = self.outlines[category['name']]
            self.draw_outline(outline, place, radius, segment_id)

    def draw_outline(
        self,
        outline: Outline,
        centre: np.ndarray,
        radius: float,
        segment_id: int,
    ) -> None:
        """Draw a shape, rotated at random, in colours of objects."""
        angle = self.rng.uniform(0, 2 * np.pi)
        colours = self.object_colours()
        self.canvas.draw(outline, centre, radius, angle, colours, segment_id)


def split_ground(
    rng: np.random.Generator, y: np.ndarray, x: np.ndarray
) -> list[tuple[dict, np.ndarray]]:
    """Split an image into two to four regions of different stuff.

    Args:
        rng: Source of randomness.
        y: Row of each pixel, as floating point. (H, W).
        x: Column of each pixel. (H, W).

    Returns:
        Category and mask of each region.
    """
    height, width = y.shape
    unit = min(height, width)
    count = int(rng.integers(2, 5))
    labels = rng.permutation(len(STUFF))[:count]
    rows = (rng.permutation(count) + 0.5) / count * height
    cols = rng.uniform(0, width, count)
    bent = y + unit * 0.06 * np.sin(x / unit * 9 + rows[:1])
    dy, dx = bent - rows[:, None, None], x - cols[:, None, None]
    region = np.argmin(dy**2 + dx**2, axis=0)
    return [(STUFF[label], region == i) for i, label in enumerate(labels)]
