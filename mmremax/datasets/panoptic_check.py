"""Comparing an annotation file with its PNGs, segment by segment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmremax.datasets.annotation_file import (
    list_faults,
    repeated,
    segment_faults,
)
from mmremax.datasets.conversion.panoptic_files import segments_of
from mmremax.datasets.panoptic_png import read_ids
from mmremax.utils.constants import VOID_ID

_TURNED = (5, 6, 7, 8)  # values of the EXIF orientation that swap the sides
_ORIENTATION = 0x0112


@dataclass
class Fault:
    """Something wrong in a json, PNG or image, maybe with one segment."""

    file: str
    segment: int | None
    text: str

    def __str__(self) -> str:
        where = self.file
        if self.segment is not None:
            where += f', segment {self.segment}'
        return f'{where}: {self.text}'


@dataclass
class ImageReport:
    """What was found in one image.

    Attributes:
        size: Height and width of the PNG, None if it cannot be read.
        areas: Category id, crowd flag and pixels of each counted segment.
        num_void: Pixels without a segment.
    """

    faults: list[Fault] = field(default_factory=list)
    size: tuple[int, int] | None = None
    areas: list[tuple[int, bool, int]] = field(default_factory=list)
    num_void: int = 0


def check_lists(json_path: Path, content: dict) -> list[Fault]:
    """Check what an annotation file says, without other files.

    Entries of `content` that cannot be used are taken out, missing lists put
    in.
    """
    texts = list(list_faults(content))
    for key in ('images', 'annotations'):
        texts += repeated(content, key, 'file_name')
    annotated = {entry['image_id'] for entry in content['annotations']}
    texts += [
        f'image {image["file_name"]} has no entry in "annotations"'
        for image in content['images']
        if image['id'] not in annotated
    ]
    return [Fault(json_path.name, None, text) for text in texts]


def check_images(
    content: dict, img_dir: Path | None, seg_dir: Path, num_workers: int = 4
) -> Iterator[ImageReport]:
    """Check the files of every annotated image, in threads.

    After ``check_lists``; without a folder of images they are left alone.
    """
    images = {image['id']: image for image in content['images']}
    things = {c['id']: bool(c['isthing']) for c in content['categories']}
    entries = [e for e in content['annotations'] if e['image_id'] in images]

    def check(entry: dict) -> ImageReport:
        image = images[entry['image_id']]
        report = check_png(seg_dir, entry, image, things)
        if img_dir is not None:
            report.faults += check_size(img_dir, image)
        return report

    with ThreadPoolExecutor(num_workers) as pool:
        yield from pool.map(check, entries)


def check_png(
    seg_dir: Path, entry: dict, image: dict, things: dict[int, bool]
) -> ImageReport:
    """Compare the table of one annotation with its PNG."""
    report = ImageReport()
    name = entry['file_name']
    try:
        ids = read_ids(seg_dir / name, 'it is listed.')
    except (FileNotFoundError, ValueError) as error:
        report.faults.append(Fault(name, None, str(error)))
        return report
    report.size = ids.shape
    listed = (image['height'], image['width'])
    if ids.shape != listed:
        text = f'the PNG has the size {ids.shape}, the json says {listed}'
        report.faults.append(Fault(name, None, text))
    report.num_void = int(np.count_nonzero(ids == VOID_ID))
    faults = list(_table_faults(entry['segments_info'], things))
    table = {segment.get('id'): segment for segment in entry['segments_info']}
    table.pop(VOID_ID, None)
    for found in segments_of(ids):
        segment_id, area = found['id'], found['area']
        segment = table.pop(segment_id, None)
        if segment is None:
            report.num_void += area
            text = (
                f'{area} pixels of the PNG have this id, which '
                '"segments_info" lacks: they are void or of another version'
            )
            faults.append((segment_id, text))
            continue
        for key in ('area', 'bbox'):
            value = segment.get(key, found[key])
            if value != found[key]:
                text = f'{key} {value} in the json, {found[key]} in the PNG'
                faults.append((segment_id, text))
        if segment.get('category_id') in things:
            crowd = bool(segment.get('iscrowd', 0))
            report.areas.append((segment['category_id'], crowd, area))
    text = 'is listed, but no pixel of the PNG has its id'
    faults += [(segment_id, text) for segment_id in table]
    report.faults += [Fault(name, *fault) for fault in faults]
    return report


def _table_faults(
    segments: list[dict], things: dict[int, bool]
) -> Iterator[tuple[Any, str]]:
    """Check what a table says: id and fault of segments."""
    yield from segment_faults(segments, things)
    stuff = set()
    for segment in segments:
        segment_id, category = segment.get('id'), segment.get('category_id')
        for key in ('id', 'category_id', 'area', 'bbox', 'iscrowd'):
            if key not in segment:
                yield segment_id, f'lacks "{key}"'
        if not things.get(category, True):
            if category in stuff:
                yield segment_id, f'is a second segment of stuff {category}'
            if segment.get('iscrowd', 0):
                yield segment_id, f'is a crowd, but {category} is stuff'
            stuff.add(category)


def check_size(img_dir: Path, listed: dict) -> Iterator[Fault]:
    """Compare the size of an image, as its EXIF entry turns it."""
    path = img_dir / listed['file_name']
    expected = (listed['height'], listed['width'])
    try:
        with Image.open(path) as image:
            size = image.size[::-1]
            if image.getexif().get(_ORIENTATION) in _TURNED:
                size = size[::-1]
    except FileNotFoundError:
        yield Fault(path.name, None, f'missing in {path.parent}')
    except OSError as error:
        yield Fault(path.name, None, f'no readable image ({error})')
    else:
        if size != expected:
            text = f'the image has the size {size}, the json says {expected}'
            yield Fault(path.name, None, text)
