"""The panoptic result of one image."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from .classes import Classes
from .files import write_files

VOID_ID = 0


@dataclass(frozen=True)
class Segment:
    """One segment.

    Attributes:
        id: Its value in the map, from 1.
        label: Class, from 0.
        category: The class's name.
        isthing: Thing or stuff.
        score: Class probability x mean mask probability, in [0, 1], with
            the model's powers; None where the model gives none.
        area: Pixels.
        box: Left, top, right, bottom in pixels; right and bottom are
            exclusive.
    """

    id: int
    label: int
    category: str
    isthing: bool
    score: float | None
    area: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Segmentation:
    """A map of segment ids, and what they are.

    Attributes:
        ids: 0 is void: no segment. (H, W), int32.
        segments: One for each id of the map, in order of id.
        classes: Of the model.
        image: What was segmented, for drawing. RGB, uint8, (H, W, 3).
        source: Its path, if it had one.
    """

    ids: np.ndarray
    segments: list[Segment]
    classes: Classes
    image: np.ndarray | None = field(default=None, repr=False)
    source: str | None = None

    def semantic(self) -> np.ndarray:
        """Give the class of each pixel, K is void. (H, W), int32."""
        labels = [segment.label for segment in self.segments]
        lookup = np.array([len(self.classes), *labels], np.int32)
        return lookup[self.ids]

    def instances(self) -> list[tuple[Segment, np.ndarray]]:
        """Give the things, best score first, with their masks, (H, W) bool."""
        things = [segment for segment in self.segments if segment.isthing]
        things.sort(key=lambda segment: -(segment.score or 0))
        return [(segment, self.ids == segment.id) for segment in things]

    def draw(self, **options: object) -> Image.Image:
        """Draw the segments over the image; see `drawing.draw_segments`."""
        from .drawing import draw_segments

        if self.image is None:
            raise ValueError('This result was kept without its image.')
        labels = [segment.label for segment in self.segments]
        return draw_segments(
            self.image, self.ids, labels, self.classes, **options
        )

    def segments_info(self) -> list[dict]:
        """Describe the segments as json of COCO-panoptic does, and more.

        `category_id` is the label; `bbox` is left, top, width, height.
        """
        return [
            dict(
                id=segment.id,
                category_id=segment.label,
                category=segment.category,
                isthing=int(segment.isthing),
                iscrowd=0,
                score=segment.score,
                area=segment.area,
                bbox=[
                    *segment.box[:2],
                    segment.box[2] - segment.box[0],
                    segment.box[3] - segment.box[1],
                ],
            )
            for segment in self.segments
        ]

    def to_dict(self) -> dict:
        """Give plain values, without the map."""
        height, width = self.ids.shape
        return dict(
            source=self.source,
            height=height,
            width=width,
            segments=[asdict(segment) for segment in self.segments],
        )

    def save_coco(self, path: str | Path) -> tuple[Path, Path]:
        """Write the map as COCO-panoptic does: a PNG, and a json beside it.

        Colours of the PNG are ids, R + 256 G + 65536 B.

        Args:
            path: Of the PNG; another ending is replaced.

        Returns:
            The two files. Both are there or neither.
        """
        path = Path(path).with_suffix('.png')
        table = path.with_suffix('.json')
        content = dict(
            file_name=path.name,
            segments_info=self.segments_info(),
            categories=[
                dict(
                    id=label,
                    name=name,
                    isthing=int(self.classes.is_thing(label)),
                    color=list(self.classes.colours[label]),
                )
                for label, name in enumerate(self.classes.names)
            ],
        )
        with write_files(path, table) as (png, text):
            Image.fromarray(ids_to_colours(self.ids)).save(png, 'png')
            text.write_text(json.dumps(content, indent=1), encoding='utf-8')
        return path, table

    @classmethod
    def from_mmdet(
        cls,
        panoptic: np.ndarray,
        table: list[dict] | None,
        classes: Classes,
        image: np.ndarray | None = None,
        source: str | None = None,
    ) -> Segmentation:
        """Translate mmdet's ids: class + 1000 x instance, void has class K.

        Args:
            panoptic: (H, W), integer.
            table: Dicts of `id`, `label`, `score` in the order of the ids
                to give; None takes the map's, in order, without scores.
            classes: K.
            image: See `image`.
            source: See `source`.
        """
        from .merge import INSTANCE_OFFSET

        found, inverse, areas = np.unique(
            panoptic, return_inverse=True, return_counts=True
        )
        area = dict(zip(found.tolist(), areas.tolist(), strict=True))
        if table is None:
            table = [
                dict(id=i, label=i % INSTANCE_OFFSET, score=None)
                for i in found.tolist()
                if i % INSTANCE_OFFSET < len(classes)
            ]
        table = [entry for entry in table if entry['id'] in area]
        number = {entry['id']: n for n, entry in enumerate(table, start=1)}
        lookup = np.array([number.get(i, VOID_ID) for i in found], np.int32)
        ids = lookup[inverse].reshape(panoptic.shape)
        segments = [
            Segment(
                id=n,
                label=entry['label'],
                category=classes.names[entry['label']],
                isthing=classes.is_thing(entry['label']),
                score=entry['score'],
                area=area[entry['id']],
                box=box,
            )
            for n, (entry, box) in enumerate(
                zip(table, boxes_of(ids, len(table)), strict=True), start=1
            )
        ]
        return cls(ids, segments, classes, image, source)


def ids_to_colours(ids: np.ndarray) -> np.ndarray:
    """Encode ids in [0, 2 ** 24) as RGB. (H, W) -> (H, W, 3), uint8."""
    four_bytes = np.ascontiguousarray(ids, '<i4')[..., None].view(np.uint8)
    return np.ascontiguousarray(four_bytes[..., :3])


def boxes_of(ids: np.ndarray, number: int) -> list[tuple[int, int, int, int]]:
    """Find the box of each of the ids 1 to `number`; see `Segment.box`.

    Looks at runs of equal pixels of a row, which are few.
    """
    height, width = ids.shape
    is_start = np.ones(ids.shape, bool)
    np.not_equal(ids[:, 1:], ids[:, :-1], out=is_start[:, 1:])
    starts = np.flatnonzero(is_start)
    ends = np.append(starts[1:], ids.size)
    row, left = np.divmod(starts, width)
    right = left + ends - starts
    of_run = ids.ravel()[starts]
    low = np.full((2, number + 1), max(height, width))
    high = np.zeros((2, number + 1), int)
    np.minimum.at(low[0], of_run, left)
    np.minimum.at(low[1], of_run, row)
    np.maximum.at(high[0], of_run, right)
    np.maximum.at(high[1], of_run, row + 1)
    boxes = np.stack([*low, *high], axis=1)[1:]
    return [tuple(box) for box in boxes.tolist()]
