"""Loading of an annotation file, and what follows from its categories."""

import hashlib
from pathlib import Path

from mmengine import fileio

from mmremax_runtime.errors import InputError

from .annotation_parsing import parse_annotations


class AnnotationError(InputError):
    """An annotation file that cannot be used; says where and what to do."""


def load_annotations(path: str, backend_args: dict | None = None) -> dict:
    """Load a panoptic annotation file; see ``annotation_parsing``.

    `digest` in the content tells files apart. Raises AnnotationError if the
    file cannot be used.
    """
    try:
        # Not `fileio.load`, which unpickles a `.pkl`.
        raw = fileio.get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'{path} does not exist: set data_root and ann_file of the data '
            'set, or give --data-root.'
        ) from error
    content, faults = parse_annotations(raw)
    raise_faults(
        path,
        faults,
        'A file in COCO-panoptic format is needed (panoptic_*.json, not '
        'instances_*.json); tools/dataset_converters/check_panoptic.py lists '
        'what is wrong.',
    )
    return dict(content, digest=hashlib.sha256(raw).hexdigest())


def raise_faults(path: str | Path, faults: list[str], remedy: str) -> None:
    """Raise an AnnotationError of the first fault, if there is any."""
    if faults:
        more = f' ({len(faults)} faults)' if len(faults) > 1 else ''
        raise AnnotationError(f'{path}: {faults[0]}{more}. {remedy}')


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
    segments: list[dict], cat2label: dict[int, int], num_things: int
) -> list[dict]:
    """Translate the segments of one image; labels have things first.

    Returns:
        One dict each: `id`, `category` (label, from 0), `is_thing` (False
        for crowds, as mmdet has it), `iscrowd`, `area` (pixels, None if
        the file does not say).
    """
    table = []
    for segment in segments:
        label, crowd = (
            cat2label[segment['category_id']],
            segment.get('iscrowd', 0),
        )
        row = dict(id=segment['id'], category=label, iscrowd=crowd)
        row['is_thing'] = label < num_things and not crowd
        row['area'] = segment.get('area')
        table.append(row)
    return table


def _spare_colour(label: int) -> tuple[int, int, int]:
    """Colour for a category without one; far from its neighbours'."""
    mixed = (label + 1) * 2654435761  # multiplicative hashing
    return mixed >> 8 & 255, mixed >> 16 & 255, mixed >> 24 & 255
