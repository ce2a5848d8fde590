"""Drawing of the synthetic images, each version by its painter."""

from abc import ABC, abstractmethod
from typing import Any

import cv2
import numpy as np

from .canvas import ShapeCanvas
from .textures import (
    OUTLINES,
    TEXTURES,
    THIN_OUTLINES,
    THINGS,
    VIVID_OUTLINES,
    VIVID_TEXTURES,
    Outline,
    split_ground,
)

# Hues of ground and of shapes around that of the image, which is random, in
# turns of the circle: shapes stand out, and still no class has a colour.
GROUND_HUES = (-0.12, 0.12)
SHAPE_HUES = (0.25, 0.75)
# Ranges of saturation, and of the step between the two brightnesses: of
# everything, and with full salience of objects and of grounds.
NEUTRAL = np.array([(0.1, 0.6), (0.4, 0.6)])
VIVID = np.array([(0.5, 1.0), (0.4, 0.6)])
PALE = np.array([(0.05, 0.35), (0.12, 0.22)])


class Painter(ABC):
    """Draws an image as a ``ShapesDefinition`` says, from back to front.

    A version of the images is fixed by the order in which ``rng`` is read:
    a change of this order changes every image.
    """

    outlines: dict[str, Outline] = OUTLINES

    def __init__(self, definition: Any, rng: np.random.Generator) -> None:
        self.definition = definition
        self.rng = rng
        self.canvas = ShapeCanvas(rng, definition.size)

    def draw(self) -> ShapeCanvas:
        """Draw ground, sometimes a crowd, objects, sometimes a blob."""
        self.draw_ground()
        if self.rng.random() < 0.12:
            self.draw_crowd()
        self.draw_things()
        if self.rng.random() < 0.5:
            self.draw_unlabelled()
        self.finish()
        return self.canvas

    @abstractmethod
    def draw_ground(self) -> None:
        """Fill the image with regions of different stuff."""

    @abstractmethod
    def draw_things(self) -> None:
        """Draw the objects that are no crowd."""

    @abstractmethod
    def draw_unlabelled(self) -> None:
        """Smear a flat blob that the annotation does not cover."""

    @abstractmethod
    def finish(self) -> None:
        """Add sensor noise and turn the image to uint8."""

    @abstractmethod
    def colours(self, of_ground: bool = False) -> np.ndarray:
        """Draw two colours of a ground or object. RGB in [0, 255], (2, 3)."""

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
        colours = self.colours()
        self.canvas.draw(outline, centre, radius, angle, colours, segment_id)


class TexturedPainter(Painter):
    """Draws textures of two colours that tell no class; version v1.

    Salience is how much more vivid objects are than grounds, and the fraction
    of textures whose lines and dots are the darker tone.
    """

    def __init__(self, definition: Any, rng: np.random.Generator) -> None:
        super().__init__(definition, rng)
        self.salience = salience = definition.salience
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
            colours = self.colours(of_ground=True)
            canvas.paint(mask, texture, colours, segment_id)

    def draw_things(self) -> None:
        """Draw objects; ``TexturedShapes`` says how many, how and where."""
        knobs, rng = self.definition, self.rng
        low, high = np.rint(np.array([0.5, 1.5]) * knobs.clutter).astype(int)
        for _ in range(int(rng.integers(low, high + 1))):
            self.draw_thing(
                radius=rng.uniform(*knobs.radius),
                twin=rng.random() < knobs.occlusion,
                thin=rng.random() < knobs.thin,
            )

    def draw_thing(
        self, radius: float, twin: bool = False, thin: bool = False
    ) -> None:
        """Draw one object; the radius is in shorter sides of the image.

        A twin has the class of an earlier object and overlaps it. Another one,
        or the first, is of a random class and takes the freest of a few
        random places. A thin ring or cross has thin strokes.
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
            taken = [place for place, _, _ in self.objects] or [[0, 0]]
            room = ((places[:, None] - np.array(taken)) ** 2).sum(-1).min(1)
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

    def colours(self, of_ground: bool = False) -> np.ndarray:
        """Draw two colours of near hue and of different brightness.

        Over many images each of the two is distributed alike in all that has
        the same tones: hues go round a circle from a random start, brightness
        is uniform, and the second lies a step further round.
        """
        hues = GROUND_HUES if of_ground else SHAPE_HUES
        tones = self.ground_tones if of_ground else self.object_tones
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


class VividPainter(Painter):
    """Draws vivid objects on pale, smooth grounds; version vivid1.

    OpenCV makes its textures and colours: the pixels hold with its versions
    4.12 and 5.0, and no promise goes further.
    """

    outlines = VIVID_OUTLINES

    def __init__(self, definition: Any, rng: np.random.Generator) -> None:
        super().__init__(definition, rng)
        self.centres: list[np.ndarray] = []  # (y, x) of the objects
        height, width = definition.size
        self.y, self.x = np.mgrid[:height, :width].astype(np.float32)

    def draw_ground(self) -> None:
        """Fill the image with regions of different stuff."""
        for category, mask in split_ground(self.rng, self.y, self.x):
            draw = VIVID_TEXTURES[category['name']]
            texture = draw(self.y, self.x, self.rng)
            colours = self.colours(of_ground=True)
            segment_id = self.canvas.new_id(category)
            self.canvas.paint(mask, texture, colours, segment_id)

    def draw_things(self) -> None:
        """Draw two to four objects, and half the time a twin of the last."""
        rng = self.rng
        labels = rng.integers(len(THINGS), size=rng.integers(2, 5))
        with_twin = rng.random() < 0.5
        for label in labels:
            self.draw_thing(label)
        if with_twin:
            self.draw_thing(labels[-1], beside_last=True)

    def draw_thing(self, label: int, beside_last: bool = False) -> None:
        """Draw an object of a class, an index into ``THINGS``.

        It overlaps the last one or takes the freest of a few random places.
        """
        rng = self.rng
        radius = self.canvas.unit * rng.uniform(0.13, 0.24)
        if beside_last:
            angle = rng.uniform(0, 2 * np.pi)
            step = radius * 1.2 * np.array([np.sin(angle), np.cos(angle)])
            centre = self.centres[-1] + step
        else:
            places = rng.uniform(0.12, 0.88, (4, 2)) * self.canvas.size
            room = [
                min((np.hypot(*(p - c)) for c in self.centres), default=0)
                for p in places
            ]
            centre = places[int(np.argmax(room))]
        self.centres.append(centre)
        segment_id = self.canvas.new_id(THINGS[label])
        outline = self.outlines[THINGS[label]['name']]
        self.draw_outline(outline, centre, radius, segment_id)

    def draw_unlabelled(self) -> None:
        """Smear a flat blob that the annotation does not cover."""
        y, x = self.rng.uniform(0, 1, 2) * self.canvas.size
        high, wide = self.canvas.unit * self.rng.uniform(0.05, 0.1, 2)
        blob = ((self.y - y) / high) ** 2 + ((self.x - x) / wide) ** 2 < 1
        self.canvas.paint(blob, False, self.colours(), 0)

    def finish(self) -> None:
        """Add sensor noise and cut the image to uint8."""
        image = self.canvas.image.astype(np.float32)
        noise = self.rng.normal(0, 4, image.shape).astype(np.float32)
        self.canvas.image = np.clip(image + noise, 0, 255).astype(np.uint8)

    def colours(self, of_ground: bool = False) -> np.ndarray:
        """Draw a colour and a darker one of near hue, in float32."""
        # Bounds, the upper ones left out; the step to the darker one.
        if of_ground:
            saturation, value, step = (20, 90), (70, 200), 45
        else:
            saturation, value, step = (120, 255), (130, 255), 110
        hue, bright = self.rng.integers(0, 180), self.rng.integers(*value)
        first, second = self.rng.integers(*saturation, 2)
        hsv = [hue, first, bright], [(hue + 10) % 180, second, bright - step]
        rgb = cv2.cvtColor(np.array([hsv], np.uint8), cv2.COLOR_HSV2RGB)
        return rgb[0].astype(np.float32)
