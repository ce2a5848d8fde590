"""COCO-instance annotations and stuff maps, to COCO-panoptic."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mmremax.datasets.annotation_file import AnnotationError, raise_faults
from mmremax.datasets.annotation_parsing import parse_classes
from mmremax.datasets.instance_file import decode_mask, load_instances
from mmremax.datasets.panoptic_png import png_name, read_labels
from mmremax.utils.constants import VOID_ID

from .panoptic_files import Annotated, convert_images, refuse_shared, spread_id

# Who gets the pixels that several instances claim.
OVERLAPS = {
    'small': 'the smaller instance lies on top',
    'large': 'the larger instance lies on top',
    'first': 'the instance that the file lists first lies on top',
    'last': 'the instance that the file lists last lies on top',
    'void': 'nobody: they become unlabelled',
    'error': 'an overlap is an error',
}


@dataclass
class StuffMaps:
    """Where the stuff comes from.

    Attributes:
        folder: Label maps of one channel, named as the images, `.png`.
        categories: Dicts with `id` and `name`, maybe `color`; those with
            the id of a thing class are passed over.
        offset: Category id less value.
    """

    folder: Path
    categories: list[dict]
    offset: int = 0
    ignored: tuple[int, ...] = (0, 255)  # unlabelled


def read_instances(path: Path) -> dict:
    """Read a COCO-instance annotation file; AnnotationError if unusable."""
    content = load_instances(path)
    names = [png_name(image['file_name']) for image in content['images']]
    refuse_shared(names, str(path))
    return content


def read_classes(path: Path) -> list[dict]:
    """Read a list of classes, or a file with such `categories`."""
    raw = path.read_bytes()
    with contextlib.suppress(ValueError, KeyError, TypeError):
        raw = json.dumps(json.loads(raw)['categories']).encode()
    classes, faults = parse_classes(raw)
    raise_faults(path, faults, 'It must be a list of classes.')
    return classes


def merge_categories(
    things: list[dict], stuff: StuffMaps | None
) -> list[dict]:
    """Join the categories, things first, and say which `isthing`."""
    taken = {category['id'] for category in things}
    if stuff is not None:
        taken |= {value + stuff.offset for value in stuff.ignored}
    grounds = [] if stuff is None else stuff.categories
    grounds = [c for c in grounds if c['id'] not in taken]
    names = {category['name'] for category in things}
    for category in grounds:
        if category['name'] in names:
            raise AnnotationError(
                f'The stuff class {category["id"]} has the name of a thing '
                f'class, {category["name"]!r}: rename it (COCO writes '
                f'{category["name"] + "-stuff"!r}).'
            )
    return [
        *(dict(category, isthing=1) for category in things),
        *(dict(category, isthing=0) for category in grounds),
    ]


def convert_instances(
    content: dict,
    json_path: Path,
    stuff: StuffMaps | None = None,
    overlap: str = 'small',
    num_workers: int = 4,
) -> Iterator[dict]:
    """Convert a data set, image by image.

    Stuff lies at the bottom, crowds on it, instances on top of both;
    `overlap` decides among instances. An instance of which nothing is to
    be seen has no segment.

    Args:
        content: Of the instance file; see ``read_instances``.
        json_path: See ``convert_images``, which is called.
        stuff: Where the stuff comes from; None leaves the rest unlabelled.
        overlap: A key of `OVERLAPS`.
    """
    instances = defaultdict(list)
    for annotation in content['annotations']:
        instances[annotation['image_id']].append(annotation)
    categories = merge_categories(content['categories'], stuff)
    is_thing = {c['id']: bool(c['isthing']) for c in categories}
    return convert_images(
        json_path,
        categories,
        content['images'],
        partial(_stack_image, instances, is_thing, stuff, overlap),
        num_workers,
    )


def _stack_image(
    instances: dict[int, list[dict]],
    is_thing: dict[int, bool],
    stuff: StuffMaps | None,
    overlap: str,
    image: dict,
) -> Annotated:
    """Stack stuff, crowds and instances of one image."""
    shape = (image['height'], image['width'])
    id_map = np.full(shape, VOID_ID, np.int32)
    labels = {}
    if stuff is not None:
        _paint_stuff(id_map, labels, stuff, is_thing, image)
    own = instances.get(image['id'], ())
    try:
        masks = [(instance, decode_mask(instance, shape)) for instance in own]
    except AnnotationError as error:
        raise AnnotationError(f'{image["file_name"]}: {error}') from error
    for annotation, mask in stacked(masks, overlap):
        segment_id = spread_id(len(labels) + 1)
        id_map[mask] = segment_id
        crowd = bool(annotation.get('iscrowd', 0))
        labels[segment_id] = (annotation['category_id'], crowd)
    if overlap in ('void', 'error'):
        single = [mask for one, mask in masks if not one.get('iscrowd', 0)]
        contested = np.sum([np.zeros(shape, bool), *single], axis=0) > 1
        if overlap == 'error' and contested.any():
            raise AnnotationError(
                f'{image["file_name"]}: instances overlap in '
                f'{contested.sum()} pixels; choose an overlap policy.'
            )
        id_map[contested] = VOID_ID
    return image, png_name(image['file_name']), id_map, labels


def stacked(
    masks: list[tuple[dict, np.ndarray]], overlap: str
) -> list[tuple[dict, np.ndarray]]:
    """Sort instances from the bottom to the top, crowds below all others."""
    if overlap == 'first':
        masks = masks[::-1]
    elif overlap in ('small', 'large'):
        sign = -1 if overlap == 'small' else 1
        masks = sorted(masks, key=lambda pair: sign * pair[1].sum())
    return sorted(masks, key=lambda pair: not pair[0].get('iscrowd', 0))


def _paint_stuff(
    id_map: np.ndarray,
    labels: dict[int, tuple[int, bool]],
    stuff: StuffMaps,
    is_thing: dict[int, bool],
    image: dict,
) -> None:
    """Fill the map with stuff; thing classes and ignored values stay void."""
    path = stuff.folder / png_name(image['file_name'])
    remedy = 'it must be named as the image; check the folder.'
    values = read_labels(str(path), remedy)
    if values.shape != id_map.shape:
        raise AnnotationError(
            f'{path} has the size {values.shape}, its image {id_map.shape}.'
        )
    for value in np.unique(values).tolist():
        category = value + stuff.offset
        if value in stuff.ignored or is_thing.get(category):
            continue
        if category not in is_thing:
            raise AnnotationError(
                f'{path} has the value {value}, category {category}: name '
                'the category, set the offset, or ignore the value.'
            )
        segment_id = spread_id(len(labels) + 1)
        id_map[values == value] = segment_id
        labels[segment_id] = (category, False)
