"""One `predict` for whatever holds images."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .classes import Classes
from .evidence import Evidence
from .images import list_images, read_image
from .merge import FusionConfig
from .segmentation import Segmentation


class Segmenter(ABC):
    """Segments images; what runs the network is a subclass's.

    Attributes:
        classes: Of the model.
        fusion: Thresholds of the merge; replace it to change them.
    """

    classes: Classes
    fusion: FusionConfig

    @abstractmethod
    def look(self, images: Sequence[np.ndarray]) -> list[Evidence]:
        """Run the network on images of one size, RGB uint8 (H, W, 3)."""

    def segment(
        self,
        images: Sequence[np.ndarray],
        sources: Sequence[str | None] | None = None,
    ) -> list[Segmentation]:
        """Segment images, RGB uint8 (H, W, 3) each.

        Those of one size go through the network together: padded to the
        size of another, an image would get another result.
        """
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, image in enumerate(images):
            groups.setdefault(image.shape, []).append(number)
        results = {}
        for numbers in groups.values():
            found = self.segment_alike(
                [images[n] for n in numbers],
                [sources[n] if sources else None for n in numbers],
            )
            results.update(zip(numbers, found, strict=True))
        return [results[number] for number in range(len(images))]

    def segment_alike(
        self, images: Sequence[np.ndarray], sources: Sequence[str | None]
    ) -> list[Segmentation]:
        """Segment images of one size as a batch."""
        return [
            evidence.merge(self.fusion, self.classes, image, source)
            for evidence, image, source in zip(
                self.look(images), images, sources, strict=True
            )
        ]

    def predict(
        self,
        source: Any,
        channel_order: str | None = None,
        batch_size: int = 1,
    ) -> Segmentation | list[Segmentation] | Iterator[Segmentation]:
        """Segment what holds one image or many.

        Args:
            source: A path, PIL image or array (see `read_image`); or a
                folder, a list of images, or a generator of them.
            channel_order: `rgb` or `bgr`, of arrays.
            batch_size: Images that are read ahead; those of one size among
                them go through the network together.

        Returns:
            One result; a list for a list or a folder; a generator for a
            generator, which takes the next images when they are asked for.

        Raises:
            ImageError: An image cannot be used; the text names it.
        """
        if isinstance(source, str | os.PathLike) and Path(source).is_dir():
            source = list_images(source)
        elif isinstance(source, str | os.PathLike | np.ndarray | Image.Image):
            return self._batch([source], channel_order)[0]
        if not isinstance(source, Iterable):
            return self._batch([source], channel_order)[0]
        results = self._stream(source, channel_order, batch_size)
        return list(results) if isinstance(source, Sequence) else results

    def _stream(
        self, sources: Iterable, channel_order: str | None, batch_size: int
    ) -> Iterator[Segmentation]:
        """Segment batch by batch."""
        sources = iter(sources)
        while batch := list(islice(sources, batch_size)):
            yield from self._batch(batch, channel_order)

    def _batch(
        self, batch: Sequence, channel_order: str | None
    ) -> list[Segmentation]:
        """Read and segment."""
        images = [read_image(source, channel_order) for source in batch]
        names = [
            str(source) if isinstance(source, str | os.PathLike) else None
            for source in batch
        ]
        return self.segment(images, names)
