"""Reading and checking an annotation file in COCO-panoptic format."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from mmengine import fileio

_NEEDED = dict(
    images={'id', 'file_name', 'height', 'width'},
    categories={'id', 'name', 'isthing'},
    annotations={'image_id', 'file_name', 'segments_info'},
)
_UNIQUE = dict(
    images=('id',), categories=('id', 'name'), annotations=('image_id',)
)


class AnnotationError(ValueError):
    """An annotation file that cannot be used; says where and what to do."""


def load_annotations(path: str, backend_args: dict | None = None) -> dict:
    """Load a panoptic annotation file and check what holds it together.

    It has `images`, `categories` and, but for test sets without ground
    truth, `annotations`.
    """
    try:
        # Not `fileio.load`, which unpickles a `.pkl`.
        content = json.loads(fileio.get(path, backend_args=backend_args))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path} does not exist: set data_root and ann_file of the data '
            'set, or give --data-root.'
        ) from error
    except ValueError as error:
        raise AnnotationError(f'{path} is not valid json: {error}') from error
    if not isinstance(content, dict):
        raise AnnotationError(f'{path} holds no object.')
    if content.get('images') == []:
        raise AnnotationError(f'{path}: "images" is empty.')
    content.setdefault('annotations', [])
    fault = next(list_faults(content), None)
    if fault is not None:
        raise AnnotationError(
            f'{path}: {fault}. A file in COCO-panoptic format is needed '
            '(panoptic_*.json, not instances_*.json).'
        )
    return content


def list_faults(content: dict) -> Iterator[str]:
    """Say what is wrong with the lists of an annotation file.

    Entries of `content` that cannot be used are taken out, and missing lists
    put in, once the generator is at its end.
    """
    for key, needed in _NEEDED.items():
        if not isinstance(content.get(key), list):
            yield f'lacks the list "{key}"'
            content[key] = []
        lacking = Counter(n for e in content[key] for n in needed - set(e))
        for name, count in sorted(lacking.items()):
            yield f'{count} of "{key}" lack "{name}"'
        content[key] = [e for e in content[key] if needed <= set(e)]
        for name in _UNIQUE[key]:
            yield from repeated(content, key, name)
    known = {image['id'] for image in content['images']}
    annotated = {entry['image_id'] for entry in content['annotations']}
    for image_id in sorted(annotated - known, key=str):
        yield f'annotation of image {image_id!r}, not in "images"'


def repeated(content: dict, key: str, name: str) -> Iterator[str]:
    """Name the values of a list's entries that occur more than once."""
    for value, count in Counter(e[name] for e in content[key]).items():
        if count > 1:
            yield f'{name} {value!r} occurs {count} times in "{key}"'


def metainfo_of(categories: list[dict]) -> dict:
    """Derive names, order and colours of the classes of a file.

    Things come first, then stuff, each in the order of the file; a label is
    the place in this order.

    The category ids that are returned are those of the labels.
    """
    things = [c for c in categories if c['isthing']]
    stuff = [c for c in categories if not c['isthing']]
    ordered = things + stuff
    return dict(
        classes=tuple(c['name'] for c in ordered),
        thing_classes=tuple(c['name'] for c in things),
        stuff_classes=tuple(c['name'] for c in stuff),
        palette=[
            tuple(c.get('color', _spare_colour(label)))
            for label, c in enumerate(ordered)
        ],
        category_ids=tuple(c['id'] for c in ordered),
    )


def segment_table(
    path: str,
    image: dict,
    segments: list[dict],
    cat2label: dict[int, int],
    num_things: int,
) -> list[dict]:
    """Translate the segments of one image, checking each.

    Path and image are for messages; labels by category id have things first.

    Returns:
        One dict each: `id`, `category` (label, from 0), `is_thing` (False
        for crowds, as mmdet has it), `iscrowd`, `area` (pixels, None if
        the file does not say).
    """
    fault = next(segment_faults(segments, cat2label), None)
    if fault is not None:
        raise AnnotationError(
            f'{path}: image {image["id"]} ({image["file_name"]}): segment '
            f'{fault[0]} {fault[1]}.'
        )
    table = []
    for segment in segments:
        label = cat2label[segment['category_id']]
        crowd = int(segment.get('iscrowd', 0))
        row = dict(id=segment['id'], category=label, iscrowd=crowd)
        row['is_thing'] = label < num_things and not crowd
        row['area'] = segment.get('area')
        table.append(row)
    return table


def segment_faults(
    segments: list[dict], categories: Iterable[int]
) -> Iterator[tuple[Any, str]]:
    """Say what makes segments of an image unusable: id and fault of each."""
    seen = set()
    for segment in segments:
        segment_id, category = segment.get('id'), segment.get('category_id')
        if segment_id in seen:
            yield segment_id, 'is listed twice'
        seen.add(segment_id)
        if not isinstance(segment_id, int) or not 0 < segment_id < 1 << 24:
            yield segment_id, 'has an id outside [1, 2**24); 0 means void'
        if category not in categories:
            yield segment_id, f'has category {category}, not in "categories"'


def _spare_colour(label: int) -> tuple[int, int, int]:
    """Colour for a category without one; far from its neighbours'."""
    mixed = (label + 1) * 2654435761  # multiplicative hashing
    return mixed >> 8 & 255, mixed >> 16 & 255, mixed >> 24 & 255
