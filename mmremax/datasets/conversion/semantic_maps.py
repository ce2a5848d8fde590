"""Panoptic annotation as semantic maps, the layout mmseg reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mmremax.datasets.annotation_file import (
    load_annotations,
    metainfo_of,
    segment_table,
)
from mmremax.datasets.panoptic_png import colours_to_ids, read_rgb
from mmremax.datasets.transforms.formatting import class_map


def semantic_maps(
    ann_file: str, png_dir: str | Path
) -> Iterator[tuple[str, np.ndarray]]:
    """Read panoptic annotation as one label map an image.

    Yields:
        Stem of the image's file name, and its labels: the place of the
        class, things first; 255 for void and crowds. (H, W), uint8.

    Raises:
        FileNotFoundError: A file is missing.
        AnnotationError: The json is not usable.
    """
    content = load_annotations(ann_file)
    info = metainfo_of(content['categories'])
    labels = {c: i for i, c in enumerate(info['category_ids'])}
    images = {image['id']: image for image in content['images']}
    for entry in content['annotations']:
        image = images[entry['image_id']]
        table = segment_table(
            ann_file,
            image,
            entry['segments_info'],
            labels,
            len(info['thing_classes']),
        )
        ids = colours_to_ids(
            read_rgb(
                str(Path(png_dir) / entry['file_name']),
                f'{ann_file} lists it; unpack the panoptic PNGs.',
            )
        )
        yield Path(image['file_name']).stem, class_map(ids, table)


def write_semantic_maps(
    ann_file: str,
    png_dir: str | Path,
    out_dir: str | Path,
    merge_things: bool = False,
) -> Iterator[Path]:
    """Write the maps as PNGs named after the images.

    With ``merge_things`` all things become class 0; stuff follows.

    Yields:
        Each path, after it has been written.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    places = np.arange(256, dtype=np.uint8)
    if merge_things:
        content = load_annotations(ann_file)
        info = metainfo_of(content['categories'])
        num_things = len(info['thing_classes'])
        num_classes = len(info['classes'])
        places[:num_things] = 0
        places[num_things:num_classes] = range(1, num_classes - num_things + 1)
    for stem, labels in semantic_maps(ann_file, png_dir):
        path = out_dir / f'{stem}.png'
        Image.fromarray(places[labels]).save(path)
        yield path
