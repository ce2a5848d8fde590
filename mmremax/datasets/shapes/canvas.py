"""An image and its panoptic annotation while they are drawn."""

from collections import Counter

import numpy as np

from mmremax.datasets.conversion.panoptic_files import segments_of

from .textures import THINGS, Outline

MIN_VISIBLE_AREA = 32  # pixels; what is more hidden than this stays unlabelled
Window = tuple[slice, slice]
_THING_IDS = {category['id'] for category in THINGS}


class ShapeCanvas:
    """Hold one image while it is drawn, from back to front.

    Attributes:
        size: Height and width, in pixels.
        unit: The shorter side, in pixels.
        image: RGB in [0, 255]. (H, W, 3), float64; uint8 once it is finished.
        id_map: Segment ids, 0 for unlabelled pixels. (H, W), int32.
        num_drawn: Pixels that objects had when they were drawn.
        num_hidden: Those of them that a later object of the same class
            covered.
    """

    def __init__(
        self, rng: np.random.Generator, size: tuple[int, int]
    ) -> None:
        self.rng = rng
        self.size = np.array(size)
        self.unit = min(size)
        self.image = np.zeros((*size, 3))
        self.id_map = np.zeros(size, np.int32)
        self.num_drawn = self.num_hidden = 0
        self._table: dict[int, tuple[int, int]] = {}  # id: category, crowd

    def new_id(self, category: dict, iscrowd: int = 0) -> int:
        """Draw an unused segment id near the colour of the class."""
        segment_id = 0
        while segment_id == 0 or segment_id in self._table:
            jitter = self.rng.integers(-25, 26, 3)
            r, g, b = np.clip(category['color'] + jitter, 0, 255).tolist()
            segment_id = r + 256 * g + 65536 * b
        self._table[segment_id] = (category['id'], iscrowd)
        return segment_id

    def paint(
        self,
        mask: np.ndarray,
        texture: np.ndarray | bool,
        colours: np.ndarray,
        segment_id: int,
        window: Window = np.s_[:, :],
    ) -> None:
        """Put two colours on the mask, mixed as the texture says.

        Args:
            mask: Pixels of the window. (h, w), bool.
            texture: Weight of the second colour, in [0, 1]. (h, w).
            colours: RGB in [0, 255]. (2, 3).
            segment_id: 0 for unlabelled.
            window: The part of the canvas that it is about.
        """
        blend = np.broadcast_to(texture, mask.shape)[mask][:, None]
        first, second = colours
        self.image[window][mask] = (1 - blend) * first + blend * second
        self.id_map[window][mask] = segment_id

    def draw(
        self,
        outline: Outline,
        centre: np.ndarray,
        radius: float,
        angle: float,
        colours: np.ndarray,
        segment_id: int,
    ) -> None:
        """Draw a shape that is filled with its texture; see ``paint``.

        Centre (y, x) and radius are in pixels, the angle in radians.
        """
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
        self.paint(mask, texture, colours, segment_id, window)

    def segments(self) -> list[dict]:
        """List the visible segments; clear what is almost hidden."""
        found = {s['id']: s for s in segments_of(self.id_map)}
        infos = []
        for segment_id, (category_id, iscrowd) in self._table.items():
            segment = found.get(segment_id)
            if segment is None or segment['area'] < MIN_VISIBLE_AREA:
                self.id_map[self.id_map == segment_id] = 0
                continue
            segment.update(category_id=category_id, iscrowd=iscrowd)
            infos.append(segment)
        return infos

    def _count_hidden(self, below: np.ndarray, segment_id: int) -> None:
        """Count what an object covers of those of its class."""
        if self._table.get(segment_id, (0, 1))[1]:  # unlabelled or a crowd
            return
        kind = self._table[segment_id]
        same = [i for i, entry in self._table.items() if entry == kind]
        self.num_drawn += below.size
        self.num_hidden += int(np.isin(below, same).sum())


def measure(canvas: ShapeCanvas, segments: list[dict]) -> Counter:
    """Count what is in a finished drawing and its table of segments.

    Returns:
        Counts, which add up over images, of `images`, visible `things`
        without crowds, regions of `stuff`, `crowds` and `pixels`; of pixels of
        visible objects (`thing_pixels`) and of those that touch one of their
        class (`touching_pixels`), and without a segment (`void_pixels`); of
        those that objects had when they were drawn (`drawn_pixels`) and that
        a later object of the same class covered (`hidden_pixels`).
    """
    objects = {
        s['id']: s
        for s in segments
        if s['category_id'] in _THING_IDS and not s['iscrowd']
    }
    touching = touching_ids(canvas.id_map, objects)
    crowds = sum(s['iscrowd'] for s in segments)
    return Counter(
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

    `objects` are entries of the segment table by id.
    """
    classes = {i: segment['category_id'] for i, segment in objects.items()}
    touching = set()
    for first, second in (
        (id_map[1:], id_map[:-1]),
        (id_map[:, 1:], id_map[:, :-1]),
    ):
        edge = first != second
        pairs = zip(first[edge].tolist(), second[edge].tolist(), strict=True)
        for a, b in set(pairs):
            if classes.get(a, -1) == classes.get(b, -2):
                touching |= {a, b}
    return touching
