"""Drawing of textured shapes on textured ground."""

import numpy as np

from .shape_textures import (
    OUTLINES,
    STUFF,
    TEXTURES,
    THIN_OUTLINES,
    THINGS,
    Outline,
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
MIN_VISIBLE_AREA = 32  # pixels; what is more hidden than this stays unlabelled


class ShapePainter:
    """Hold one image while it is drawn, from back to front.

    Args:
        rng: Source of all randomness.
        size: Height and width, in pixels.
        salience: How much more vivid objects are than grounds, and the share
            of textures whose lines and dots are the darker tone. In [0, 1].

    Attributes:
        id_map: Segment ids, 0 for unlabelled pixels. (H, W), int32.
        num_drawn: Pixels that objects had when they were drawn.
        num_hidden: Those of them that a later object of the same class
            covered.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        size: tuple[int, int],
        salience: float = 0.0,
    ) -> None:
        self.rng = rng
        self.salience = salience
        self.object_tones = NEUTRAL + salience * (VIVID - NEUTRAL)
        self.ground_tones = NEUTRAL + salience * (PALE - NEUTRAL)
        self.size = np.array(size)
        self.unit = min(size)
        self.hue = rng.random()
        self.image = np.zeros((*size, 3))
        self.id_map = np.zeros(size, np.int32)
        self.table: dict[int, tuple[int, int]] = {}  # id: category, crowd
        self.objects: list[tuple[np.ndarray, float, int]] = []
        self.num_drawn = self.num_hidden = 0

    def draw_ground(self) -> None:
        """Split the image into two to four regions of different stuff."""
        rng = self.rng
        y, x = np.mgrid[: self.size[0], : self.size[1]].astype(float)
        count = int(rng.integers(2, 5))
        labels = rng.permutation(len(STUFF))[:count]
        rows = (rng.permutation(count) + 0.5) / count * self.size[0]
        cols = rng.uniform(0, self.size[1], count)
        bent = y + self.unit * 0.06 * np.sin(x / self.unit * 9 + rows[0])
        region = np.argmin(
            [
                (bent - row) ** 2 + (x - col) ** 2
                for row, col in zip(rows, cols, strict=True)
            ],
            axis=0,
        )
        fine = max(1, self.unit / 128)  # small images keep their texture
        for i, label in enumerate(labels):
            category = STUFF[int(label)]
            shift_y, shift_x = rng.integers(0, 144, 2)
            texture = TEXTURES[category['name']](
                y / fine + shift_y, x / fine + shift_x, rng
            )
            window = np.s_[:, :]
            segment_id = self._new_id(category)
            self._paint(
                window,
                region == i,
                texture,
                segment_id,
                self._colours(GROUND_HUES, self.ground_tones),
            )

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
        rng = self.rng
        radius = radius * self.unit
        if twin and self.objects:
            partner = int(rng.integers(len(self.objects)))
            centre, other_radius, label = self.objects[partner]
            angle = rng.uniform(0, 2 * np.pi)
            reach = rng.uniform(0.45, 0.75) * (radius + other_radius)
            step = reach * np.array([np.sin(angle), np.cos(angle)])
            centre = np.clip(centre + step, 0.05 * self.size, 0.95 * self.size)
        else:
            label = int(rng.integers(len(THINGS)))
            places = rng.uniform(0.1, 0.9, (4, 2)) * self.size
            taken = np.array(
                [place for place, _, _ in self.objects] or [[0, 0]]
            )
            room = ((places[:, None] - taken) ** 2).sum(-1).min(1)
            centre = places[int(np.argmax(room))]
        self.objects.append((centre, radius, label))
        category = THINGS[label]
        outline = OUTLINES[category['name']]
        if thin:
            outline = THIN_OUTLINES.get(category['name'], outline)
        self._draw(outline, centre, radius, self._new_id(category))

    def draw_crowd(self) -> None:
        """Draw a row of small objects that share one crowd segment."""
        rng = self.rng
        category = THINGS[int(rng.integers(len(THINGS)))]
        segment_id = self._new_id(category, iscrowd=1)
        radius = self.unit * 0.06
        start = rng.uniform((0.15, 0.1), (0.85, 0.5)) * self.size
        for i in range(int(rng.integers(4, 8))):
            step = np.array([rng.uniform(-1, 1), i * 1.5]) * radius
            outline = OUTLINES[category['name']]
            self._draw(outline, start + step, radius, segment_id)

    def draw_unlabelled(self) -> None:
        """Smear a flat blob that the annotation does not cover."""
        rng = self.rng
        centre = rng.uniform(0, 1, 2) * self.size
        radius = self.unit * rng.uniform(0.05, 0.1)
        flatness = rng.uniform(1, 2)

        def blob(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, bool]:
            return u * u + (v * flatness) ** 2 < 1, False

        self._draw(blob, centre, radius, 0)

    def finish(self) -> np.ndarray:
        """Add sensor noise and return the image in uint8."""
        noise = self.rng.integers(-2, 3, self.image.shape)
        return np.clip(np.rint(self.image) + noise, 0, 255).astype(np.uint8)

    def segments(self) -> list[dict]:
        """List the visible segments; clear what is almost hidden."""
        infos = []
        for segment_id, (category_id, iscrowd) in self.table.items():
            mask = self.id_map == segment_id
            area = int(np.count_nonzero(mask))
            if area < MIN_VISIBLE_AREA:
                self.id_map[mask] = 0
                continue
            rows, cols = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
            top, left = int(rows[0]), int(cols[0])
            width, height = int(cols[-1]) - left + 1, int(rows[-1]) - top + 1
            infos.append(
                dict(
                    id=segment_id,
                    category_id=category_id,
                    area=area,
                    bbox=[left, top, width, height],
                    iscrowd=iscrowd,
                )
            )
        return infos

    def _draw(
        self,
        outline: Outline,
        centre: np.ndarray,
        radius: float,
        segment_id: int,
    ) -> None:
        """Draw one outline, rotated at random, filled with its texture."""
        angle = self.rng.uniform(0, 2 * np.pi)
        # No outline leaves the circle around its square's corners.
        low = np.maximum(np.floor(centre - 1.5 * radius), 0).astype(int)
        high = np.ceil(np.minimum(centre + 1.5 * radius, self.size))
        window = tuple(map(slice, low, high.astype(int)))
        y, x = np.mgrid[window]
        dy, dx = (y - centre[0]) / radius, (x - centre[1]) / radius
        u = np.cos(angle) * dx + np.sin(angle) * dy
        v = np.cos(angle) * dy - np.sin(angle) * dx
        mask, texture = outline(u, v)
        self._count_hidden(self.id_map[window][mask], segment_id)
        colours = self._colours(SHAPE_HUES, self.object_tones)
        self._paint(window, mask, texture, segment_id, colours)

    def _count_hidden(self, below: np.ndarray, segment_id: int) -> None:
        """Count what an object covers of those of its class."""
        if self.table.get(segment_id, (0, 1))[1]:  # unlabelled or a crowd
            return
        same = [
            i
            for i, entry in self.table.items()
            if entry == self.table[segment_id]
        ]
        self.num_drawn += below.size
        self.num_hidden += int(np.isin(below, same).sum())

    def _paint(
        self,
        window: tuple[slice, slice],
        mask: np.ndarray,
        texture: np.ndarray | bool,
        segment_id: int,
        colours: np.ndarray,
    ) -> None:
        """Put two colours on the mask, as the texture says."""
        first, second = colours
        self.image[window][mask] = first
        self.image[window][mask & texture] = second
        self.id_map[window][mask] = segment_id

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

    def _new_id(self, category: dict, iscrowd: int = 0) -> int:
        """Draw an unused segment id near the colour of the class."""
        segment_id = 0
        while segment_id == 0 or segment_id in self.table:
            jitter = self.rng.integers(-25, 26, 3)
            r, g, b = np.clip(category['color'] + jitter, 0, 255).tolist()
            segment_id = r + 256 * g + 65536 * b
        self.table[segment_id] = (category['id'], iscrowd)
        return segment_id
