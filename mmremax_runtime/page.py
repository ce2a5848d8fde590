"""What the page of `mmremax serve` does, apart from how it looks.

The network sees a picture once. What it says is kept for the browser
session; thresholds and classes are applied to that.
"""

from __future__ import annotations

import zipfile
from collections import Counter, OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image

from .classes import Classes
from .drawing import segment_colours
from .evidence import Evidence
from .images import ImageError, decode_image
from .segmentation import Segmentation
from .segmenter import Segmenter

LONG_SIDE = 960  # pixels of the drawn picture
MANY = 12  # classes: more are counted, not named


class NoPictureError(Exception):
    """The session has no picture; the text is for the page."""


@dataclass(frozen=True)
class Picture:
    """A picture of one session, as it is shown.

    Attributes:
        result: Its segments, with the image; `source` is the file's name.
        evidence: None where the model has a merge of its own.
        thresholds: With which it was merged.
        hidden: Classes that are not shown.
    """

    result: Segmentation
    evidence: Evidence | None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()

    @property
    def nbytes(self) -> int:
        """Memory of what is as large as the image."""
        codes = self.evidence.codes.nbytes if self.evidence else 0
        return self.result.image.nbytes + self.result.ids.nbytes + codes

    def draw(self, long_side: int = LONG_SIDE) -> Image.Image:
        """Draw the segments of the classes that are shown."""
        return self.result.draw(long_side=long_side, hidden=self.hidden)

    def preview(self) -> Image.Image:
        """Give the image, small enough for the page."""
        image = Image.fromarray(self.result.image)
        image.thumbnail((LONG_SIDE, LONG_SIDE))
        return image

    def counts(self) -> dict[int, int]:
        """Count the segments of each class that is there."""
        labels = [segment.label for segment in self.result.segments]
        return dict(sorted(Counter(labels).items()))

    def table(self) -> list[list]:
        """List the segments shown: id, colour (RGB), class, ..., box."""
        segments = self.result.segments
        colours = segment_colours(
            [segment.label for segment in segments],
            self.result.classes.colours,
        )
        return [
            [
                segment.id,
                colour,
                segment.category,
                'thing' if segment.isthing else 'stuff',
                None if segment.score is None else round(segment.score, 3),
                segment.area,
                ', '.join(map(str, segment.box)),
            ]
            for segment, colour in zip(segments, colours, strict=True)
            if segment.label not in self.hidden
        ]

    def summary(self) -> str:
        """Say in one line what was found."""
        height, width = self.result.ids.shape
        things = sum(segment.isthing for segment in self.result.segments)
        stuff = len(self.result.segments) - things
        void = 100 * np.mean(self.result.ids == 0)
        return (
            f'{width} x {height} pixels: {things} segments of things, '
            f'{stuff} of stuff; {void:.1f} % in none (hatched)'
        )

    def save(self, folder: Path) -> Path:
        """Write a zip with the files of `mmremax predict --ids`.

        The ids hold all segments, the picture those that are shown.
        """
        stem = Path(self.result.source).stem
        picture = folder / f'{stem}_panoptic.png'
        self.draw(max(640, *self.result.ids.shape)).save(picture)
        paths = [picture, *self.result.save_coco(folder / f'{stem}_ids.png')]
        with zipfile.ZipFile(folder / f'{stem}.zip', 'w') as archive:
            for path in paths:
                archive.write(path, path.name)
                path.unlink()
        return folder / f'{stem}.zip'


class Page:
    """Pictures of all sessions, the last one of each.

    Args:
        segmenter: The model.
        max_pixels: Larger pictures are refused before they are decoded.
        max_bytes: Memory of all pictures; the sessions that were idle for
            longest lose theirs. The one in use is kept in any case.
    """

    def __init__(
        self, segmenter: Segmenter, max_pixels: int, max_bytes: int = 2**30
    ) -> None:
        self.segmenter = segmenter
        self.max_pixels = max_pixels
        self.max_bytes = max_bytes
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._lock = Lock()
        self._network = Lock()

    def open(
        self,
        session: str,
        content: bytes,
        name: str,
        thresholds: Mapping[str, float] | None = None,
    ) -> Picture:
        """Segment a file's content; the session's last picture goes.

        Raises:
            ImageError: It is no image that can be used.
        """
        try:
            image = decode_image(content, name, self.max_pixels)
        except ImageError:
            self.close(session)
            raise
        with self._network:
            if self.segmenter.fusion is None:
                (result,) = self.segmenter.segment([image], [name])
                evidence = None
            else:
                (evidence,) = self.segmenter.look([image])
        thresholds = thresholds or {}
        if evidence is not None:
            evidence = compact(evidence)
            result = self._merge(evidence, thresholds, image, name)
        old = self._pictures.get(session)
        hidden = old.hidden if old else frozenset()
        return self._keep(
            session, Picture(result, evidence, thresholds, hidden)
        )

    def adjust(self, session: str, thresholds: Mapping[str, float]) -> Picture:
        """Merge again, with these fields of FusionConfig replaced."""
        picture = self.picture(session)
        image, name = picture.result.image, picture.result.source
        result = self._merge(picture.evidence, thresholds, image, name)
        return self._change(
            session, picture, result=result, thresholds=thresholds
        )

    def is_set_to(self, session: str, thresholds: Mapping[str, float]) -> bool:
        """Say if the picture, if there is one, was merged with these."""
        picture = self._pictures.get(session)
        return picture is None or picture.thresholds == thresholds

    def show(self, session: str, labels: Collection[int]) -> Picture:
        """Show these of the classes that are there, and hide the others."""
        picture = self.picture(session)
        there = set(picture.counts())
        hidden = (picture.hidden - there) | (there - set(labels))
        return self._change(session, picture, hidden=hidden)

    def picture(self, session: str) -> Picture:
        """Give the session's picture.

        Raises:
            NoPictureError: It has none, or lost it.
        """
        with self._lock:
            if session not in self._pictures:
                raise NoPictureError(
                    'No picture is kept for this page: drop one.'
                )
            self._pictures.move_to_end(session)
            return self._pictures[session]

    def close(self, session: str) -> Picture | None:
        """Forget the session's picture."""
        with self._lock:
            return self._pictures.pop(session, None)

    def _keep(self, session: str, picture: Picture) -> Picture:
        """Keep a picture, within the bounds of memory."""
        with self._lock:
            self._pictures[session] = picture
            self._pictures.move_to_end(session)
            while (
                len(self._pictures) > 1
                and sum(p.nbytes for p in self._pictures.values())
                > self.max_bytes
            ):
                self._pictures.popitem(last=False)
        return picture

    def _change(
        self, session: str, picture: Picture, **values: object
    ) -> Picture:
        """Change a picture; return another that was opened meanwhile."""
        current = self.picture(session)
        if current.result.image is not picture.result.image:
            return current
        return self._keep(session, replace(picture, **values))

    def _merge(
        self,
        evidence: Evidence,
        thresholds: Mapping[str, float],
        image: np.ndarray,
        name: str,
    ) -> Segmentation:
        """Merge with the model's thresholds, but for those given."""
        fusion = replace(self.segmenter.fusion, **thresholds)
        return evidence.merge(fusion, self.segmenter.classes, image, name)


def heading(classes: Classes, name: str) -> str:
    """Say what the page of a model is, in Markdown."""
    things = classes.names[: classes.num_things]
    stuff = classes.names[classes.num_things :]
    finds = f'{len(things)} classes of things and {len(stuff)} of stuff'
    if len(classes) <= MANY:
        named = [f'{name} (thing)' for name in things]
        finds = ', '.join(named + [f'{name} (stuff)' for name in stuff])
    return (
        f'# Panoptic segmentation with {name}\n'
        'Drop a picture: every pixel gets a class, every thing a segment of '
        f'its own. Classes: {finds}.'
    )


def compact(evidence: Evidence) -> Evidence:
    """Store the codes in the smallest type that holds them."""
    side = len(evidence.class_prob) + 1
    kind = np.min_scalar_type(side * side - 1)
    return replace(evidence, codes=evidence.codes.astype(kind, copy=False))


def thumbnails(
    paths: Collection[Path], page: Page, side: int = 160
) -> tuple[list[tuple[Path, Image.Image]], list[str]]:
    """Make small pictures of files; say of which it failed, and why."""
    made, broken = [], []
    for path in paths:
        try:
            content = path.read_bytes()
            image = decode_image(content, str(path), page.max_pixels)
        except (ImageError, OSError) as error:
            broken.append(str(error))
            continue
        small = Image.fromarray(image)
        small.thumbnail((side, side))
        made.append((path, small))
    return made, broken
