"""Drawing of vivid shapes on pale textured ground, with smooth textures."""

from collections.abc import Callable

import cv2
import numpy as np

from .shape_painter import MIN_VISIBLE_AREA
from .shape_textures import STUFF, THINGS


class VividPainter:
    """Hold one image while it is drawn, from back to front."""

    def __init__(
        self, rng: np.random.Generator, size: tuple[int, int]
    ) -> None:
        self.rng = rng
        self.height, self.width = size
        self.unit = min(size)
        self.image = np.zeros((*size, 3), np.float32)
        self.id_map = np.zeros(size, np.int32)
        self.table: dict[int, tuple[int, int]] = {}  # id: category, crowd
        self.centres: list[np.ndarray] = []  # (y, x) of the objects
        self.y, self.x = np.mgrid[: size[0], : size[1]].astype(np.float32)

    def draw_ground(self) -> None:
        """Split the image into two to four regions of different stuff."""
        rng = self.rng
        count = int(rng.integers(2, 5))
        labels = rng.permutation(len(STUFF))[:count]
        sites = np.stack(
            (
                (rng.permutation(count) + 0.5) / count * self.height,
                rng.uniform(0, self.width, count),
            ),
            -1,
        )
        bend = self.unit * 0.06 * np.sin(self.x / self.unit * 9 + sites[0, 0])
        distance = np.stack(
            [np.hypot(self.y + bend - y, self.x - x) for y, x in sites]
        )
        region = distance.argmin(0)
        for i, label in enumerate(labels):
            category = STUFF[int(label)]
            self._paint(
                region == i,
                _GROUND[category['name']](self),
                self._colours(saturation=(20, 90), value=(70, 200), step=45),
                self._new_id(category),
            )

    def draw_thing(self, label: int, beside_last: bool = False) -> None:
        """Draw one object.

        Args:
            label: Index into ``THINGS``.
            beside_last: Let it overlap the last one. If not, it takes the
                freest of a few random places.
        """
        rng = self.rng
        radius = self.unit * rng.uniform(0.13, 0.24)
        if beside_last:
            angle = rng.uniform(0, 2 * np.pi)
            step = radius * 1.2 * np.array([np.sin(angle), np.cos(angle)])
            centre = self.centres[-1] + step
        else:
            places = rng.uniform(0.12, 0.88, (4, 2)) * self.image.shape[:2]
            room = [
                min((np.hypot(*(p - c)) for c in self.centres), default=0)
                for p in places
            ]
            centre = places[int(np.argmax(room))]
        self.centres.append(centre)
        category = THINGS[label]
        self._draw_shape(category, centre, radius, self._new_id(category))

    def draw_crowd(self) -> None:
        """Draw a row of small objects that share one crowd segment."""
        rng = self.rng
        category = THINGS[int(rng.integers(len(THINGS)))]
        segment_id = self._new_id(category, iscrowd=1)
        radius = self.unit * 0.06
        y = rng.uniform(0.15, 0.85) * self.height
        x = rng.uniform(0.1, 0.5) * self.width
        for i in range(int(rng.integers(4, 8))):
            step = np.array([rng.uniform(-1, 1), i * 1.5]) * radius
            centre = np.array([y, x]) + step
            self._draw_shape(category, centre, radius, segment_id)

    def draw_unlabelled(self) -> None:
        """Smear a flat blob that the annotation does not cover."""
        rng = self.rng
        centre = rng.uniform(0, 1, 2) * (self.height, self.width)
        radius = self.unit * rng.uniform(0.05, 0.1, 2)
        blob = (
            ((self.y - centre[0]) / radius[0]) ** 2
            + ((self.x - centre[1]) / radius[1]) ** 2
        ) < 1
        self._paint(blob, np.zeros_like(self.x), self._colours(), 0)

    def finish(self) -> np.ndarray:
        """Add sensor noise and return the image in uint8."""
        noise = self.rng.normal(0, 4, self.image.shape).astype(np.float32)
        return np.clip(self.image + noise, 0, 255).astype(np.uint8)

    def segments(self) -> list[dict]:
        """List the visible segments; clear what is almost hidden."""
        ids, counts = np.unique(self.id_map, return_counts=True)
        areas = dict(zip(ids.tolist(), counts.tolist(), strict=True))
        infos = []
        for segment_id, (category_id, iscrowd) in self.table.items():
            area = areas.get(segment_id, 0)
            mask = self.id_map == segment_id
            if area < MIN_VISIBLE_AREA:
                self.id_map[mask] = 0
                continue
            rows, cols = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
            top, left = int(rows[0]), int(cols[0])
            infos.append(
                dict(
                    id=segment_id,
                    category_id=category_id,
                    area=area,
                    bbox=[
                        left,
                        top,
                        int(cols[-1]) - left + 1,
                        int(rows[-1]) - top + 1,
                    ],
                    iscrowd=iscrowd,
                )
            )
        return infos

    def _draw_shape(
        self,
        category: dict,
        centre: np.ndarray,
        radius: float,
        segment_id: int,
    ) -> None:
        """Draw one outline, rotated at random, filled with its texture."""
        angle = self.rng.uniform(0, 2 * np.pi)
        dy, dx = self.y - centre[0], self.x - centre[1]
        u = (np.cos(angle) * dx + np.sin(angle) * dy) / radius
        v = (np.cos(angle) * dy - np.sin(angle) * dx) / radius
        inside, texture = _THINGS[category['name']](u, v)
        self._paint(inside, texture, self._colours(), segment_id)

    def _paint(
        self,
        mask: np.ndarray,
        texture: np.ndarray,
        colours: np.ndarray,
        segment_id: int,
    ) -> None:
        """Blend two colours by the texture (in [0, 1]) under the mask."""
        blend = texture[mask][:, None]
        self.image[mask] = (1 - blend) * colours[0] + blend * colours[1]
        self.id_map[mask] = segment_id

    def _colours(
        self,
        saturation: tuple[int, int] = (120, 255),
        value: tuple[int, int] = (130, 255),
        step: int = 110,
    ) -> np.ndarray:
        """Draw a colour and a darker or lighter one of near hue. (2, 3)."""
        hue = self.rng.integers(0, 180)
        first = self.rng.integers(*value)
        second = first - step if first >= step + 20 else first + step
        hsv = np.array(
            [
                [
                    [hue, self.rng.integers(*saturation), first],
                    [(hue + 10) % 180, self.rng.integers(*saturation), second],
                ]
            ],
            np.uint8,
        )
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0].astype(np.float32)

    def _new_id(self, category: dict, iscrowd: int = 0) -> int:
        """Draw an unused segment id near the colour of the class."""
        segment_id = 0
        while segment_id == 0 or segment_id in self.table:
            jitter = self.rng.integers(-25, 26, 3)
            r, g, b = np.clip(category['color'] + jitter, 0, 255).tolist()
            segment_id = r + 256 * g + 65536 * b
        self.table[segment_id] = (category['id'], iscrowd)
        return segment_id

    def noise(self, cell_height: float, cell_width: float) -> np.ndarray:
        """Draw smooth noise in [0, 1] with cells of a size in pixels."""
        coarse = self.rng.random(
            (
                int(self.height / cell_height) + 2,
                int(self.width / cell_width) + 2,
            ),
            np.float32,
        )
        return cv2.resize(coarse, (self.width, self.height))


def _bricks(painter: VividPainter) -> np.ndarray:
    row = np.floor(painter.y / 8)
    joint = (painter.y % 8 < 1.5) | ((painter.x + row * 8) % 16 < 1.5)
    return joint.astype(np.float32)


def _waves(painter: VividPainter) -> np.ndarray:
    crest = painter.y + 2.5 * np.sin(painter.x / 5)
    return 0.5 + 0.5 * np.sin(crest * (2 * np.pi / 9))


def _grass(painter: VividPainter) -> np.ndarray:
    return painter.noise(6, 1.5)


def _clouds(painter: VividPainter) -> np.ndarray:
    return painter.noise(24, 30)


_GROUND: dict[str, Callable[[VividPainter], np.ndarray]] = dict(
    bricks=_bricks, waves=_waves, grass=_grass, clouds=_clouds
)


# Things: (u, v) are coordinates around the centre in units of the radius.
def _disc(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distance = np.hypot(u, v)
    return distance < 0.95, (distance % 0.4 < 0.2).astype(np.float32)


def _square(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = np.maximum(np.abs(u), np.abs(v)) < 0.8
    return inside, (v % 0.4 < 0.2).astype(np.float32)


def _triangle(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = (v > -0.6) & (np.abs(u) * 1.73 + v < 1.2)
    checks = (np.floor(u / 0.3) + np.floor(v / 0.3)) % 2
    return inside, checks.astype(np.float32)


def _star(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    spike = np.abs((np.arctan2(v, u) * 5 / np.pi) % 2 - 1)
    inside = np.hypot(u, v) < 0.5 + 0.6 * spike
    dots = np.hypot((u + 0.16) % 0.32 - 0.16, (v + 0.16) % 0.32 - 0.16)
    return inside, (dots < 0.1).astype(np.float32)


def _cross(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.minimum(abs(u), abs(v)), np.maximum(abs(u), abs(v))
    inside = (low < 0.33) & (high < 1)
    return inside, np.zeros_like(u)


def _ring(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distance = np.hypot(u, v)
    spokes = (np.arctan2(v, u) * 6 / np.pi) % 2 < 1
    inside = (distance < 1) & (distance > 0.5)
    return inside, spokes.astype(np.float32)


_THINGS: dict[
    str,
    Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
] = dict(
    disc=_disc,
    square=_square,
    triangle=_triangle,
    star=_star,
    cross=_cross,
    ring=_ring,
)
