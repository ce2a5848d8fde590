"""Writes the images of `shapes` in COCO-panoptic layout."""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from PIL import Image

from mmremax.datasets.panoptic_png import ids_to_colours

from .generator import (
    CATEGORIES,
    SPLITS,
    ShapesDefinition,
    draw_sample,
)
from .statistics import SampleStatistics


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
