"""Synthetic panoptic images: textured shapes on textured ground.

Six thing classes differ in outline and texture, four stuff classes in
texture; colours are random everywhere, so that no class can be told by its
colour. Objects overlap (also within one class), a few pixels are unlabelled
and a few groups of small objects are annotated as crowd, as in COCO.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

THING_NAMES = ('disc', 'square', 'triangle', 'star', 'cross', 'ring')
STUFF_NAMES = ('bricks', 'waves', 'grass', 'clouds')
# The ids have gaps, as COCO's: an id is not an index.
CATEGORIES = [
    dict(id=i + 1, name=name, isthing=1, supercategory='shape', color=color)
    for i, (name, color) in enumerate(
        zip(
            THING_NAMES,
            (
                [220, 20, 60],
                [0, 130, 200],
                [255, 165, 0],
                [240, 225, 25],
                [145, 30, 180],
                [250, 130, 190],
            ),
            strict=True,
        )
    )
] + [
    dict(id=11 + i, name=name, isthing=0, supercategory='ground', color=color)
    for i, (name, color) in enumerate(
        zip(
            STUFF_NAMES,
            ([120, 70, 40], [0, 90, 120], [60, 150, 60], [170, 190, 215]),
            strict=True,
        )
    )
]
MIN_VISIBLE_AREA = 32  # pixels; what is more hidden than this stays unlabelled


def make_shapes(
    root: str | Path,
    num_train: int,
    num_val: int,
    size: tuple[int, int] = (128, 160),
    seed: int = 0,
) -> Iterator[Path]:
    """Write a data set in COCO-panoptic layout, image by image.

    The same arguments write the same pixels; an image depends on the seed,
    its split and its number alone.

    Args:
        root: Folder to write to: ``{split}/*.jpg``,
            ``annotations/panoptic_{split}/*.png`` and
            ``annotations/panoptic_{split}.json``.
        num_train: Number of images of the split ``train``.
        num_val: Number of images of the split ``val``.
        size: Height and width of the images, in pixels.
        seed: Seed of the whole set.

    Yields:
        Path of each image, after it has been written.
    """
    root = Path(root)
    for split, (name, count) in enumerate(
        (('train', num_train), ('val', num_val))
    ):
        png_dir = root / 'annotations' / f'panoptic_{name}'
        png_dir.mkdir(parents=True, exist_ok=True)
        (root / name).mkdir(parents=True, exist_ok=True)
        images, annotations = [], []
        for index in range(count):
            rng = np.random.default_rng((seed, split, index))
            image, id_map, segments = draw_sample(rng, size)
            stem = f'{index + 1:012d}'
            path = root / name / f'{stem}.jpg'
            cv2.imwrite(
                str(path), image[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 95)
            )
            ids = np.stack(  # COCO: R + 256 G + 65536 B; cv2 wants B, G, R
                (id_map >> 16, id_map >> 8 & 255, id_map & 255), -1
            )
            cv2.imwrite(str(png_dir / f'{stem}.png'), ids.astype(np.uint8))
            images.append(
                dict(
                    id=index + 1,
                    file_name=path.name,
                    height=size[0],
                    width=size[1],
                )
            )
            annotations.append(
                dict(
                    image_id=index + 1,
                    file_name=f'{stem}.png',
                    segments_info=segments,
                )
            )
            yield path
        json_path = root / 'annotations' / f'panoptic_{name}.json'
        json_path.write_text(
            json.dumps(
                dict(
                    info=dict(description='mmremax shapes', seed=seed),
                    images=images,
                    annotations=annotations,
                    categories=CATEGORIES,
                )
            )
        )


def draw_sample(
    rng: np.random.Generator, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, list[dict]]:
    """Draw one image with its panoptic annotation.

    Args:
        rng: Source of all randomness.
        size: Height and width, in pixels; at least 64 each.

    Returns:
        Tuple of the RGB image (H, W, 3) in uint8, the map of segment ids
        (H, W) in int32 with 0 for unlabelled pixels, and the segment table
        of the annotation file.
    """
    painter = _Painter(rng, size)
    painter.draw_ground()
    if rng.random() < 0.12:
        painter.draw_crowd()
    num_things = int(rng.integers(2, 5))
    labels = list(rng.integers(0, len(THING_NAMES), num_things))
    if rng.random() < 0.5:  # a neighbour of the same class on top
        labels.append(labels[-1])
    for i, label in enumerate(labels):
        painter.draw_thing(int(label), beside_last=i == num_things)
    if rng.random() < 0.5:
        painter.draw_unlabelled()
    image = painter.finish()
    return image, painter.id_map, painter.segments()


class _Painter:
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
        labels = rng.permutation(len(STUFF_NAMES))[:count]
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
            category = CATEGORIES[len(THING_NAMES) + int(label)]
            self._paint(
                region == i,
                _GROUND[category['name']](self),
                self._colours(saturation=(20, 90), value=(70, 200), step=45),
                self._new_id(category),
            )

    def draw_thing(self, label: int, beside_last: bool = False) -> None:
        """Draw one object.

        Args:
            label: Index into ``THING_NAMES``.
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
        category = CATEGORIES[label]
        self._draw_shape(category, centre, radius, self._new_id(category))

    def draw_crowd(self) -> None:
        """Draw a row of small objects that share one crowd segment."""
        rng = self.rng
        category = CATEGORIES[int(rng.integers(len(THING_NAMES)))]
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


def _bricks(painter: _Painter) -> np.ndarray:
    row = np.floor(painter.y / 8)
    joint = (painter.y % 8 < 1.5) | ((painter.x + row * 8) % 16 < 1.5)
    return joint.astype(np.float32)


def _waves(painter: _Painter) -> np.ndarray:
    crest = painter.y + 2.5 * np.sin(painter.x / 5)
    return 0.5 + 0.5 * np.sin(crest * (2 * np.pi / 9))


def _grass(painter: _Painter) -> np.ndarray:
    return painter.noise(6, 1.5)


def _clouds(painter: _Painter) -> np.ndarray:
    return painter.noise(24, 30)


_GROUND: dict[str, Callable[[_Painter], np.ndarray]] = dict(
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
