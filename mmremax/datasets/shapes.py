"""The synthetic panoptic benchmark: textured shapes on textured ground.

Six thing classes differ in outline and texture, four stuff classes in
texture; colours are random everywhere, so that no class can be told by its
colour. Objects hide others of their class, some are thin, a few pixels are
unlabelled and a few groups of small objects are annotated as crowd, as in
COCO.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mmremax.utils.panoptic_png import ids_to_colours

from .shape_painter import ShapePainter
from .shape_statistics import SampleStatistics, measure
from .shape_textures import STUFF, THINGS

CATEGORIES = [*THINGS, *STUFF]
SPLITS = ('train', 'val')
MIN_SIDE = 32  # pixels


@dataclass(frozen=True)
class ShapesDefinition:
    """What the images of a set look like, and how many there are.

    An image depends on the seed, its split, its number and the knobs, not on
    the counts: a smaller set is the beginning of a larger one.

    Args:
        num_train: Number of images of the split ``train``.
        num_val: Number of images of the split ``val``.
        size: Height and width of the images, in pixels; at least 32 each.
        seed: Seed of the whole set, not negative.
        clutter: Mean number of objects that are drawn on an image; the
            number is uniform in [clutter / 2, 3 clutter / 2].
        occlusion: Share of the objects, except the first of each image,
            that are drawn over an earlier one of their class. In [0, 1].
        thin: Share of the rings and crosses with thin strokes. In [0, 1].
        salience: How much objects stand out: at 0 all colours are of one
            distribution; at 1 objects are saturated, and grounds are pale
            and low in contrast, and lines and dots are always the darker
            tone of a texture. No class has a hue. In [0, 1].
        radius: Least and largest radius of an object, in shorter sides of
            the image.

    Raises:
        ValueError: A value is out of its range; the message names it.
    """

    num_train: int = 8000
    num_val: int = 1000
    size: tuple[int, int] = (129, 129)
    seed: int = 0
    clutter: float = 4.0
    occlusion: float = 0.4
    thin: float = 0.3
    salience: float = 0.0
    radius: tuple[float, float] = (0.16, 0.27)

    def __post_init__(self) -> None:
        for name in ('num_train', 'num_val', 'seed', 'clutter'):
            if getattr(self, name) < 0:
                raise ValueError(
                    f'{name}: {getattr(self, name)} must not be negative.'
                )
        for name in ('occlusion', 'thin', 'salience'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f'{name}: {getattr(self, name)} must be a share in [0, 1].'
                )
        if min(self.size) < MIN_SIDE:
            raise ValueError(
                f'size: {self.size} (height, width): both sides must be at '
                f'least {MIN_SIDE} pixels.'
            )
        if not 0 < self.radius[0] <= self.radius[1] <= 0.5:
            raise ValueError(
                f'radius: {self.radius} must be two numbers in (0, 0.5], the '
                'smaller one first.'
            )

    @property
    def version(self) -> str | None:
        """The version whose images these are, None if they are others."""
        for name, other in VERSIONS.items():
            counts = dict(num_train=other.num_train, num_val=other.num_val)
            if replace(self, **counts) == other:
                return name
        return None


# A version never changes; other images are another version.
VERSIONS = dict(v1=ShapesDefinition())


def draw_sample(
    definition: ShapesDefinition, split: str, index: int
) -> tuple[np.ndarray, np.ndarray, list[dict], SampleStatistics]:
    """Draw one image with its panoptic annotation.

    Args:
        definition: Of the set.
        split: 'train' or 'val'.
        index: Number of the image in its split, from 0.

    Returns:
        Tuple of the RGB image (H, W, 3) in uint8, the map of segment ids
        (H, W) in int32 with 0 for unlabelled pixels, the segment table of
        the annotation file, and what was measured.
    """
    rng = np.random.default_rng((definition.seed, SPLITS.index(split), index))
    painter = ShapePainter(rng, definition.size, definition.salience)
    painter.draw_ground()
    if rng.random() < 0.12:
        painter.draw_crowd()
    low, high = np.rint(np.array([0.5, 1.5]) * definition.clutter).astype(int)
    for _ in range(int(rng.integers(low, high + 1))):
        painter.draw_thing(
            radius=rng.uniform(*definition.radius),
            twin=rng.random() < definition.occlusion,
            thin=rng.random() < definition.thin,
        )
    if rng.random() < 0.5:
        painter.draw_unlabelled()
    image = painter.finish()
    segments = painter.segments()
    return image, painter.id_map, segments, measure(painter, segments)


def make_shapes(
    root: str | Path, definition: ShapesDefinition, num_workers: int = 1
) -> Iterator[tuple[str, SampleStatistics]]:
    """Write a data set in COCO-panoptic layout, image by image.

    The same definition gives the same pixels, whatever the number of
    workers. Images are PNGs, so that they decode alike everywhere.

    Args:
        root: Folder to write to: ``{split}/*.png``,
            ``annotations/panoptic_{split}/*.png`` and
            ``annotations/panoptic_{split}.json``.
        definition: What to draw.
        num_workers: Number of processes; 1 draws in this one.

    Yields:
        Split and statistics of each image, after it has been written.
    """
    root = Path(root)
    for split in SPLITS:
        _png_dir(root, split).mkdir(parents=True, exist_ok=True)
        (root / split).mkdir(parents=True, exist_ok=True)
    if num_workers > 1:
        with ProcessPoolExecutor(num_workers) as pool:
            # In larger portions than one the processes rarely wait.
            yield from _make(root, definition, partial(pool.map, chunksize=16))
    else:
        yield from _make(root, definition, map)


def _make(
    root: Path, definition: ShapesDefinition, apply: type[map] | partial
) -> Iterator[tuple[str, SampleStatistics]]:
    """Write both splits with a function that works as ``map``."""
    counts = (definition.num_train, definition.num_val)
    for split, count in zip(SPLITS, counts, strict=True):
        images, annotations = [], []
        write = partial(_write_sample, root, definition, split)
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
        path = _png_dir(root, split).with_suffix('.json')
        path.write_text(json.dumps(content))


def _png_dir(root: Path, split: str) -> Path:
    """Folder of the panoptic PNGs; the json has its name."""
    return root / 'annotations' / f'panoptic_{split}'


def _write_sample(
    root: Path, definition: ShapesDefinition, split: str, index: int
) -> tuple[dict, dict, SampleStatistics]:
    """Draw an image, write its files; return its entries of the json."""
    image, id_map, segments, statistics = draw_sample(definition, split, index)
    name = f'{index + 1:012d}.png'
    Image.fromarray(image).save(root / split / name)
    Image.fromarray(ids_to_colours(id_map)).save(_png_dir(root, split) / name)
    height, width = definition.size
    entry = dict(id=index + 1, file_name=name, height=height, width=width)
    annotation = dict(
        image_id=index + 1, file_name=name, segments_info=segments
    )
    return entry, annotation, statistics
