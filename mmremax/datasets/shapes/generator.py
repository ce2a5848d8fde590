"""The synthetic panoptic benchmark: shapes on textured ground.

Six thing classes differ in outline and texture, four stuff classes in
texture. Objects hide others of their class, a few pixels are unlabelled and a
few groups of small objects are annotated as crowd, as in COCO.
"""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from mmremax_runtime.files import write_files, write_text
from mmremax_runtime.segmentation import ids_to_colours

from .canvas import measure
from .painters import Painter, TexturedPainter, VividPainter
from .textures import STUFF, THINGS

CATEGORIES = [*THINGS, *STUFF]
SPLITS = ('train', 'val')
MIN_SIDE = 32  # pixels


@dataclass(frozen=True)
class ShapesDefinition:
    """What the images of a set look like, and how many there are.

    An image depends on the seed, its split, its number and the knobs, not on
    the counts: a smaller set is the beginning of a larger one.

    Args:
        num_train: Number of images of ``train``.
        num_val: Number of images of ``val``.
        size: Height and width of the images, in pixels; at least 32 each.
        seed: Seed of the whole set, not negative.
    """

    painter: ClassVar[type[Painter]]

    num_train: int = 8000
    num_val: int = 1000
    size: tuple[int, int] = (129, 129)
    seed: int = 0

    def __post_init__(self) -> None:
        self._refuse_negative('num_train', 'num_val', 'seed')
        if min(self.size) < MIN_SIDE:
            raise ValueError(
                f'size: {self.size} (height, width): both sides must be at '
                f'least {MIN_SIDE} pixels.'
            )

    @property
    def version(self) -> str | None:
        """The version whose images these are, None if they are others."""
        for name, other in VERSIONS.items():
            counts = dict(num_train=other.num_train, num_val=other.num_val)
            if replace(self, **counts) == other:
                return name
        return None

    def _refuse_negative(self, *names: str) -> None:
        for name in names:
            if not 0 <= getattr(self, name) < 2**32:
                raise ValueError(
                    f'{name}: {getattr(self, name)} must not be negative, '
                    'and below 2^32.'
                )


@dataclass(frozen=True)
class TexturedShapes(ShapesDefinition):
    """Images in which no class can be told by its colour; v1.

    Colours are random everywhere, objects cover their like, some are thin.

    Args:
        clutter: Mean number of objects that are drawn on an image; the
            number is uniform in [clutter / 2, 3 clutter / 2].
        occlusion: Fraction of the objects, except the first of each image,
            that are drawn over an earlier one of their class. In [0, 1].
        thin: Fraction of the rings and crosses with thin strokes. In [0, 1].
        salience: How much objects stand out: at 0 all colours are of one
            distribution; at 1 objects are saturated, and grounds are pale
            and low in contrast, and lines and dots are always the darker
            tone of a texture. No class has a hue. In [0, 1].
        radius: Least and largest radius of an object, in shorter sides of
            the image.
    """

    painter = TexturedPainter

    clutter: float = 4.0
    occlusion: float = 0.4
    thin: float = 0.3
    salience: float = 0.0
    radius: tuple[float, float] = (0.16, 0.27)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.clutter <= 1000:
            raise ValueError(f'clutter: {self.clutter} is not from 0 to 1000.')
        for name in ('occlusion', 'thin', 'salience'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f'{name}: {getattr(self, name)} must be a fraction in '
                    '[0, 1].'
                )
        if not 0 < self.radius[0] <= self.radius[1] <= 0.5:
            raise ValueError(
                f'radius: {self.radius} must be two numbers in (0, 0.5], the '
                'smaller one first.'
            )


@dataclass(frozen=True)
class VividShapes(ShapesDefinition):
    """Images that are learnt in minutes; vivid1.

    Objects are saturated and rich in contrast, grounds pale and smooth, so
    that colour tells things from stuff, though no class of either.
    """

    painter = VividPainter


# A version never changes; other images are another version.
VERSIONS = dict(v1=TexturedShapes(), vivid1=VividShapes())


def draw_sample(
    definition: ShapesDefinition, split: str, index: int
) -> tuple[np.ndarray, np.ndarray, list[dict], Counter]:
    """Draw one image with its panoptic annotation.

    Returns:
        RGB image (H, W, 3) in uint8, map of segment ids (H, W) in int32 with
        0 for unlabelled pixels, segment table, and what ``measure`` counts.
    """
    rng = np.random.default_rng((definition.seed, SPLITS.index(split), index))
    canvas = definition.painter(definition, rng).draw()
    segments = canvas.segments()
    return canvas.image, canvas.id_map, segments, measure(canvas, segments)


def make_shapes(
    root: str | Path, definition: ShapesDefinition, num_workers: int = 1
) -> Iterator[tuple[str, Counter]]:
    """Write a data set in COCO-panoptic layout, image by image.

    ``{split}/*.png``, ``annotations/panoptic_{split}/*.png`` and
    ``annotations/panoptic_{split}.json``. The same definition gives the same
    pixels, whatever the number of processes. Images are PNGs, so that they
    decode alike everywhere.

    Yields:
        Split and ``measure`` of each image, after it has been written.
    """
    root = Path(root)
    counts = (definition.num_train, definition.num_val)
    with ExitStack() as stack:
        apply = map
        if num_workers > 1:
            pool = stack.enter_context(ProcessPoolExecutor(num_workers))
            # In larger portions than one the processes rarely wait.
            apply = partial(pool.map, chunksize=16)
        for split, count in zip(SPLITS, counts, strict=True):
            png_dir = root / 'annotations' / f'panoptic_{split}'
            write = partial(_write_sample, root, png_dir, definition, split)
            images, annotations = [], []
            for image, annotation, statistics in apply(write, range(count)):
                images.append(image)
                annotations.append(annotation)
                yield split, statistics
            content = dict(
                info=dict(
                    description='mmremax shapes',
                    version=definition.version,
                    definition=asdict(definition),
                ),
                images=images,
                annotations=annotations,
                categories=CATEGORIES,
            )
            write_text(png_dir.with_suffix('.json'), json.dumps(content))


def _write_sample(
    root: Path,
    png_dir: Path,
    definition: ShapesDefinition,
    split: str,
    index: int,
) -> tuple[dict, dict, Counter]:
    """Draw an image, write its files; return its entries of the json."""
    image, id_map, segments, statistics = draw_sample(definition, split, index)
    number, name = index + 1, f'{index + 1:012d}.png'
    with write_files(root / split / name, png_dir / name) as (first, second):
        Image.fromarray(image).save(first)
        Image.fromarray(ids_to_colours(id_map)).save(second)
    height, width = definition.size
    entry = dict(id=number, file_name=name, height=height, width=width)
    annotation = dict(image_id=number, file_name=name, segments_info=segments)
    return entry, annotation, statistics
