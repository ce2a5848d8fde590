"""Panoptic annotation with fewer, coarser classes."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from mmremax.datasets.annotation_file import AnnotationError
from mmremax.datasets.panoptic_png import read_segments
from mmremax.utils.constants import VOID_ID

from .panoptic_files import Annotated, convert_images


def coarse_categories(
    categories: list[dict], mapping: dict[str, str] | None = None
) -> tuple[list[dict], dict[int, int]]:
    """Join the classes that have one coarse name.

    Args:
        categories: Of the annotation file.
        mapping: Coarse name of each class name; None takes the
            `supercategory`.

    Returns:
        Coarse categories, things first, ids from 1; and the coarse id of
        each id.

    Raises:
        AnnotationError: A class has no coarse name, or a coarse class would
            hold things and stuff.
    """
    names = {
        category['id']: category.get('supercategory')
        if mapping is None
        else mapping.get(category['name'])
        for category in categories
    }
    kinds = {}
    for category in categories:
        name, is_thing = names[category['id']], int(category['isthing'])
        if not isinstance(name, str):
            where = '"supercategory"' if mapping is None else 'the mapping'
            raise AnnotationError(
                f'The class {category["name"]!r} has no coarse name in '
                f'{where}.'
            )
        if kinds.setdefault(name, is_thing) != is_thing:
            raise AnnotationError(
                f'The coarse class {name!r} would hold things and stuff: '
                f'give {category["name"]!r} another one.'
            )
    ordered = sorted(kinds, key=lambda name: not kinds[name])
    places = {name: place for place, name in enumerate(ordered, start=1)}
    coarse = [
        dict(id=places[name], name=name, isthing=kinds[name])
        for name in ordered
    ]
    return coarse, {i: places[name] for i, name in names.items()}


def convert_to_coarse(
    content: dict,
    png_dir: Path,
    json_path: Path,
    mapping: dict[str, str] | None = None,
    num_workers: int = 4,
) -> Iterator[dict]:
    """Write a data set with coarse classes, image by image.

    Things stay apart; the stuff segments of an image that get one class
    become one segment, with the smallest of their ids.

    Args:
        content: Of the annotation file; see ``load_annotations``.
        png_dir: Its PNGs.
        json_path: See ``convert_images``, which is called.
        mapping: See ``coarse_categories``.
    """
    categories, coarse_id = coarse_categories(content['categories'], mapping)
    stuff = {c['id'] for c in categories if not c['isthing']}
    images = {image['id']: image for image in content['images']}
    return convert_images(
        json_path,
        categories,
        content['annotations'],
        partial(_read_entry, images, Path(png_dir), coarse_id, stuff),
        num_workers,
    )


def _read_entry(
    images: dict,
    png_dir: Path,
    coarse_id: dict[int, int],
    stuff: set[int],
    entry: dict,
) -> Annotated:
    """Give the segments of one image their classes."""
    image = images[entry['image_id']]
    table = sorted(entry['segments_info'], key=lambda s: s['id'])
    path = png_dir / entry['file_name']
    remedy = 'the json lists it; unpack the panoptic PNGs.'
    shape = image['height'], image['width']
    places, _ = read_segments(path, remedy, shape, table)
    ids, labels, owners = [VOID_ID], {}, {}
    for segment in table:
        own = segment['id']
        category = coarse_id[segment['category_id']]
        if category in stuff:
            own = owners.setdefault(category, own)
        ids.append(own)
        labels[own] = (category, bool(segment.get('iscrowd', 0)))
    id_map = np.array(ids, np.int32)[places]
    return image, entry['file_name'], id_map, labels
