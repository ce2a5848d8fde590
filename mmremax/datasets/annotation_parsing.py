"""Parsing of annotation files: their content, or what is wrong with it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .annotation_schema import (
    Class,
    InstanceFile,
    PanopticFile,
    PredictionFile,
)
from .panoptic_png import png_name

MOST_OF_A_KIND = 10
_UNIQUE = dict(
    images=('id', 'file_name'),
    categories=('id', 'name'),
    annotations=('image_id', 'file_name'),
)
_PANOPTIC, _INSTANCES, _CLASSES, _PREDICTIONS = map(
    TypeAdapter, (PanopticFile, InstanceFile, list[Class], PredictionFile)
)


def parse_annotations(raw: bytes) -> tuple[dict, list[str]]:
    """Parse a COCO-panoptic file.

    Returns:
        Its content, with `annotations`, maybe empty; and what is wrong with
        it, at most ten faults of a kind and a line with their number. With
        faults the content is empty.
    """
    content, faults = _parse(_PANOPTIC, raw)
    if not faults:
        content.setdefault('annotations', [])
        faults = _shorten(_reference_faults(content))
    return ({} if faults else content), faults


def parse_instances(raw: bytes) -> tuple[dict, list[str]]:
    """Parse a COCO-instance file; returns as ``parse_annotations``."""
    content, faults = _parse(_INSTANCES, raw)
    if not faults:
        lists = [
            *_repeated_values(content, ('images', 'categories')),
            *_strange_images(content),
            *_strange_categories(
                content,
                (
                    (f'annotation {a.get("id")}', a)
                    for a in content['annotations']
                ),
            ),
        ]
        faults = _shorten(lists)
    return ({} if faults else content), faults


def parse_classes(raw: bytes) -> tuple[list[dict], list[str]]:
    """Parse a list of classes; returns as ``parse_annotations``."""
    return _parse(_CLASSES, raw)


def parse_predictions(raw: bytes) -> tuple[dict, list[str]]:
    """Parse what `--dump` wrote; returns as ``parse_annotations``."""
    content, faults = _parse(_PREDICTIONS, raw)
    if not faults:
        faults = _shorten(_repeated_values(content, ('annotations',)))
    return ({} if faults else content), faults


def _parse(schema: TypeAdapter, raw: bytes) -> tuple[Any, list[str]]:
    try:
        return schema.validate_json(raw), []
    except ValidationError as error:
        return {}, _shorten(_schema_faults(raw, error))


def _shorten(faults: Iterable[tuple[object, str]]) -> list[str]:
    """List at most ten texts of each kind, and say how many more."""
    kinds = defaultdict(list)
    for kind, text in faults:
        kinds[kind].append(text)
    lines = []
    for texts in kinds.values():
        lines += texts[:MOST_OF_A_KIND]
        if len(texts) > MOST_OF_A_KIND:
            more = len(texts) - MOST_OF_A_KIND
            lines.append(f'and {more} more of this kind')
    return lines


def _schema_faults(
    raw: bytes, error: ValidationError
) -> Iterator[tuple[object, str]]:
    """Put pydantic's errors into words; the kind is field and rule."""
    errors = error.errors(include_url=False)
    if errors[0]['type'] == 'json_invalid':
        yield 'json', f'not valid json: {errors[0]["ctx"]["error"]}'
        return
    content = json.loads(raw)
    for fault in errors:
        place = fault['loc']
        field = [key for key in place if isinstance(key, str)]
        found = 'is missing'
        if fault['type'] != 'missing':
            rule = fault['msg'].removeprefix('Value error, ')
            rule = rule.partition(' should ')[2] or rule
            found = f'is {json.dumps(fault["input"])[:60]}: it should {rule}'
        yield (*field, fault['type']), f'{_where(content, place)} {found}'


def _where(content: Any, place: tuple) -> str:
    """Name a place: `annotations[3] (a.png).segments_info[0].id`."""
    name = ''
    for key in place:
        if isinstance(key, str):
            name += f'.{key}'
            content = content.get(key) if isinstance(content, dict) else None
            continue
        content = content[key] if isinstance(content, list) else None
        name += f'[{key}]'
        if isinstance(content, dict):
            of = content.get('file_name') or content.get('name')
            name += f' ({of})' if isinstance(of, str) else ''
    return name.removeprefix('.') or 'the content'


def _reference_faults(content: dict) -> Iterator[tuple[object, str]]:
    """Check what holds the lists of a panoptic file together."""
    yield from _repeated_values(content, _UNIQUE)
    yield from _strange_images(content)
    images, entries = content['images'], content['annotations']
    if not entries:  # predictions are named after the images
        names = (png_name(image['file_name']) for image in images)
        yield from _repeated(names, 'PNG of an image', 'images')
        return
    annotated = {entry['image_id'] for entry in entries}
    for image in images:
        if image['id'] not in annotated:
            yield (
                'no entry',
                f'image {image["id"]!r} ({image["file_name"]}) has no entry '
                'in "annotations"; one without segments needs an empty '
                '"segments_info"',
            )
    segments = (
        (f'{entry["file_name"]}: segment {segment["id"]}', segment)
        for entry in entries
        for segment in entry['segments_info']
    )
    yield from _strange_categories(content, segments)
    for entry in entries:
        ids = [segment['id'] for segment in entry['segments_info']]
        if len(set(ids)) < len(ids):
            name = f'"segments_info" of {entry["file_name"]}'
            yield from _repeated(ids, 'id', name)


def _repeated_values(
    content: dict, keys: Iterable[str]
) -> Iterator[tuple[object, str]]:
    for key in keys:
        for name in _UNIQUE[key]:
            values = (entry[name] for entry in content[key])
            yield from _repeated(values, name, f'"{key}"')


def _repeated(
    values: Iterable, name: str, where: str
) -> Iterator[tuple[object, str]]:
    """Name the values that occur more than once."""
    for value, count in Counter(values).items():
        if count > 1:
            text = f'{name} {value!r} occurs {count} times in {where}'
            yield ('repeated', name), text


def _strange_images(content: dict) -> Iterator[tuple[object, str]]:
    """Name the images that are annotated, but not listed."""
    known = {image['id'] for image in content['images']}
    annotated = {entry['image_id'] for entry in content['annotations']}
    for image_id in sorted(annotated - known, key=str):
        text = f'annotation of image {image_id!r}, which "images" lacks'
        yield 'strange image', text


def _strange_categories(
    content: dict, annotated: Iterable[tuple[str, dict]]
) -> Iterator[tuple[object, str]]:
    """Name what is of a category that is not listed."""
    known = {category['id'] for category in content['categories']}
    for name, annotation in annotated:
        if (category := annotation['category_id']) not in known:
            text = f'{name} has category {category}, which "categories" lacks'
            yield 'strange category', text
