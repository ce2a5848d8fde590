"""Reading and checking an annotation file in COCO-panoptic format."""

from collections import Counter
from collections.abc import Iterable

from mmengine import fileio


class AnnotationError(ValueError):
    """An annotation file that cannot be used; says where and what to do."""


def load_annotations(path: str, backend_args: dict | None = None) -> dict:
    """Load a panoptic annotation file and check what holds it together.

    Args:
        path: Json file with `images`, `categories` and, but for test sets
            without ground truth, `annotations`.
        backend_args: Of mmengine's file backend.

    Returns:
        Content of the file, ids as integers.

    Raises:
        FileNotFoundError: The file does not exist.
        AnnotationError: It lacks a key, lists something twice, or refers
            to an image that it does not have.
    """
    try:
        content = fileio.load(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path} does not exist: set data_root and ann_file of the data '
            'set, or give --data-root.'
        ) from error
    except ValueError as error:
        raise AnnotationError(f'{path} is not valid json: {error}') from error
    for key in ('images', 'categories'):
        if not isinstance(content, dict) or key not in content:
            raise AnnotationError(
                f'{path} lacks the key "{key}": it must be in COCO-panoptic '
                'format (not instances, captions or keypoints).'
            )
    if not content['images']:
        raise AnnotationError(f'{path}: "images" is empty.')
    annotations = content.setdefault('annotations', [])
    if any('segments_info' not in entry for entry in annotations):
        raise AnnotationError(
            f'{path}: an annotation lacks "segments_info": this is not a '
            'COCO-panoptic file (use panoptic_*.json, not instances_*.json).'
        )
    categories = content['categories']
    for category in categories:
        if not {'id', 'name', 'isthing'} <= set(category):
            raise AnnotationError(
                f'{path}: category {category} needs "id", "name", "isthing".'
            )
    image_ids = [image['id'] for image in content['images']]
    _refuse_twice(path, 'category id', [c['id'] for c in categories])
    _refuse_twice(path, 'category name', [c['name'] for c in categories])
    _refuse_twice(path, 'image id', image_ids)
    annotated = [entry['image_id'] for entry in annotations]
    _refuse_twice(path, 'annotation of image', annotated)
    unknown = set(annotated) - set(image_ids)
    if unknown:
        raise AnnotationError(
            f'{path}: annotation of image {min(unknown)}, which "images" '
            'does not list.'
        )
    return content


def metainfo_of(categories: list[dict]) -> dict:
    """Derive names, order and colours of the classes of a file.

    Things come first, then stuff, each in the order of the file; a label is
    the place in this order.

    Returns:
        `classes`, `thing_classes`, `stuff_classes`, `palette` (RGB) and
        `category_ids`, the ids by label.
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

    Args:
        path: Annotation file, for messages.
        image: Entry of `images`.
        segments: `segments_info` of the image.
        cat2label: Labels by category id; things come first.
        num_things: Number of thing classes.

    Returns:
        One dict each: `id`, `category` (label, from 0), `is_thing` (False
        for crowds, as mmdet has it), `iscrowd`, `area` (pixels, None if
        the file does not say).

    Raises:
        AnnotationError: A segment has an id that is 0, out of range or used
            twice, or a category that is not in the file.
    """
    where = f'{path}: image {image["id"]} ({image["file_name"]})'
    _refuse_twice(where, 'segment id', [s['id'] for s in segments])
    table = []
    for segment in segments:
        if not 0 < segment['id'] < 1 << 24:
            raise AnnotationError(
                f'{where}: segment id {segment["id"]} is not in [1, 2**24); '
                '0 means unlabelled.'
            )
        label = cat2label.get(segment['category_id'])
        if label is None:
            raise AnnotationError(
                f'{where}: segment {segment["id"]} has category_id '
                f'{segment["category_id"]}, which "categories" lacks.'
            )
        crowd = int(segment.get('iscrowd', 0))
        table.append(
            dict(
                id=segment['id'],
                category=label,
                is_thing=label < num_things and not crowd,
                iscrowd=crowd,
                area=segment.get('area'),
            )
        )
    return table


def _refuse_twice(where: str, what: str, values: Iterable) -> None:
    """Raise if a value occurs twice."""
    value, count = next(iter(Counter(values).most_common(1)), (None, 0))
    if count > 1:
        raise AnnotationError(f'{where}: {what} {value!r} occurs twice.')


def _spare_colour(label: int) -> tuple[int, int, int]:
    """Colour for a category without one; far from its neighbours'."""
    mixed = (label + 1) * 2654435761  # multiplicative hashing
    return mixed >> 8 & 255, mixed >> 16 & 255, mixed >> 24 & 255
