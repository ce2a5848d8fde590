"""Drawing of version v1: textures of two colours that tell no class."""

import numpy as np

from .canvas import ShapeCanvas
from .painter import Painter, split_ground
from .textures import TEXTURES, THIN_OUTLINES, THINGS

# Hues of ground and of shapes around that of the image, which is random, in
# turns of the circle: shapes stand out, and still no class has a colour.
GROUND_HUES = (-0.12, 0.12)
SHAPE_HUES = (0.25, 0.75)
# Ranges of saturation, and of the step between the two brightnesses: of
# everything, and with full salience of objects and of grounds.
NEUTRAL = np.array([(0.1, 0.6), (0.4, 0.6)])
VIVID = np.array([(0.5, 1.0), (0.4, 0.6)])
PALE = np.array([(0.05, 0.35), (0.12, 0.22)])


class TexturedPainter(Painter):
    """Draws in pairs of random colours.

    Args:
        rng: Source of all randomness.
        canvas: To draw on.
        salience: How much more vivid objects are than grounds, and the
            fraction of textures whose lines and dots are the darker tone. In
            [0, 1].
    """

    def __init__(
        self, rng: np.random.Generator, canvas: ShapeCanvas, salience: float
    ) -> None:
        super().__init__(rng, canvas)
        self.salience = salience
        self.object_tones = NEUTRAL + salience * (VIVID - NEUTRAL)
        self.ground_tones = NEUTRAL + salience * (PALE - NEUTRAL)
        self.hue = rng.random()
        self.objects: list[tuple[np.ndarray, float, int]] = []

    def draw_ground(self) -> None:
        """Fill the image with regions of different stuff."""
        canvas = self.canvas
        y, x = np.mgrid[: canvas.size[0], : canvas.size[1]].astype(float)
        fine = max(1, canvas.unit / 128)  # small images keep their texture
        for category, mask in split_ground(self.rng, y, x):
            shift_y, shift_x = self.rng.integers(0, 144, 2)
            texture = TEXTURES[category['name']](
                y / fine + shift_y, x / fine + shift_x, self.rng
            )
            segment_id = canvas.new_id(category)
            colours = self._colours(GROUND_HUES, self.ground_tones)
            canvas.paint(mask, texture, colours, segment_id)

    def draw_thing(
        self, radius: float, twin: bool = False, thin: bool = False
    ) -> None:
        """Draw one object.

        Args:
            radius: In shorter sides of the image.
            twin: Let it have the class of an earlier object and overlap it.
                If not, its class is random and it takes the freest of a few
                random places; the same if it is the first.
            thin: Draw a ring or a cross with thin strokes.
        """
        rng, size = self.rng, self.canvas.size
        radius = radius * self.canvas.unit
        if twin and self.objects:
            partner = int(rng.integers(len(self.objects)))
            centre, other_radius, label = self.objects[partner]
            angle = rng.uniform(0, 2 * np.pi)
            reach = rng.uniform(0.45, 0.75) * (radius + other_radius)
            step = reach * np.array([np.sin(angle), np.cos(angle)])
            centre = np.clip(centre + step, 0.05 * size, 0.95 * size)
        else:
            label = int(rng.integers(len(THINGS)))
            places = rng.uniform(0.1, 0.9, (4, 2)) * size
            taken = np.array(
                [place for place, _, _ in self.objects] or [[0, 0]]
            )
            room = ((places[:, None] - taken) ** 2).sum(-1).min(1)
            centre = places[int(np.argmax(room))]
        self.objects.append((centre, radius, label))
        category = THINGS[label]
        outline = self.outlines[category['name']]
        if thin:
            outline = THIN_OUTLINES.get(category['name'], outline)
        segment_id = self.canvas.new_id(category)
        self.draw_outline(outline, centre, radius, segment_id)

    def draw_unlabelled(self) -> None:
        """Smear a flat blob that the annotation does not cover."""
        rng = self.rng
        centre = rng.uniform(0, 1, 2) * self.canvas.size
        radius = self.canvas.unit * rng.uniform(0.05, 0.1)
        flatness = rng.uniform(1, 2)

        def blob(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, bool]:
            return u * u + (v * flatness) ** 2 < 1, False

        self.draw_outline(blob, centre, radius, 0)

    def finish(self) -> None:
        """Add sensor noise and round the image to uint8."""
        image = np.rint(self.canvas.image)
        noise = self.rng.integers(-2, 3, image.shape)
        self.canvas.image = np.clip(image + noise, 0, 255).astype(np.uint8)

    def object_colours(self) -> np.ndarray:
        """Draw the colours of an object; see ``_colours``."""
        return self._colours(SHAPE_HUES, self.object_tones)

    def _colours(
        self, hues: tuple[float, float], tones: np.ndarray
    ) -> np.ndarray:
        """Draw two colours of near hue and of different brightness.

        Over many images each of the two is distributed alike in all that has
        the same tones: hues go round a circle from a random start, brightness
        is uniform, and the second lies a step further round.

        Args:
            hues: Bounds around the hue of the image.
            tones: Bounds of saturation and of the step in brightness. (2, 2).

        Returns:
            RGB in [0, 255]. (2, 3).
        """
        rng = self.rng
        hue = self.hue + rng.uniform(*hues) + rng.uniform(-0.05, 0.05, 2)
        saturation = rng.uniform(*tones[0], 2)
        step = rng.uniform(*tones[1])
        value = 0.2 + 0.8 * ((rng.random() + np.array([0, step])) % 1)
        if self.salience and rng.random() < self.salience:
            value = -np.sort(-value)  # lines and dots are the darker tone
        # Hue to RGB: three trapezoids, a third of the circle apart.
        corner = (6 * hue[:, None] + np.array([0, 4, 2])) % 6
        pure = np.clip(abs(corner - 3) - 1, 0, 1)
        return 255 * value[:, None] * (1 - saturation[:, None] * (1 - pure))
