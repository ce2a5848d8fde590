"""Comparing an annotation file with its PNGs, segment by segment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

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
        faults: What is wrong with it.
        size: Height and width of the PNG, None if it cannot be read.
        areas: Pixels of each counted segment, with category id and crowd
            flag.
        num_void: Pixels without a segment.
    """

    faults: list[Fault] = field(default_factory=list)
    size: tuple[int, int] | None = None
    areas: list[tuple[int, bool, int]] = field(default_factory=list)
    num_void: int = 0


def check_lists(json_path: Path, content: dict) -> list[Fault]:
    """Check what the annotation file says, without other files.

    Args:
        json_path: For the messages.
        content: What the file holds. Entries that cannot be used are taken
            out, missing lists put in.

    Returns:
        Faults of `images`, `annotations` and `categories`.
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
    content: dict,
    img_dir: Path | None,
    seg_dir: Path,
    num_workers: int = 4,
) -> Iterator[ImageReport]:
    """Check the files of every annotated image.

    Args:
        content: What the annotation file holds, after ``check_lists``.
        img_dir: Folder of the images; None leaves them alone.
        seg_dir: Folder of the PNGs.
        num_workers: Number of threads.

    Yields:
        Report of each image, in the order of `annotations`.
    """
    images = {image['id']: image for image in content['images']}
    things = {c['id']: bool(c['isthing']) for c in content['categories']}
    entries = [e for e in content['annotations'] if e['image_id'] in images]
    with ThreadPoolExecutor(num_workers) as pool:
        yield from pool.map(
            lambda entry: _check_image(
                entry, images[entry['image_id']], img_dir, seg_dir, things
            ),
            entries,
        )


def _check_image(
    entry: dict,
    image: dict,
    img_dir: Path | None,
    seg_dir: Path,
    things: dict[int, bool],
) -> ImageReport:
    """Check image, PNG and table of one annotation."""
    report = ImageReport()
    name, listed = entry['file_name'], (image['height'], image['width'])
    if img_dir is not None:
        _check_size(img_dir / image['file_name'], listed, report.faults)
    try:
        ids = read_ids(seg_dir / name, 'it is listed.')
    except (FileNotFoundError, ValueError) as error:
        report.faults.append(Fault(name, None, str(error)))
        return report
    report.size = ids.shape
    if ids.shape != listed:
        text = f'the PNG has the size {ids.shape}, the json says {listed}'
        report.faults.append(Fault(name, None, text))
    report.num_void = int(np.count_nonzero(ids == VOID_ID))
    table, faults = _check_table(entry['segments_info'], things)
    for found in segments_of(ids):
        segment = table.pop(found['id'], None)
        faults += _compare(segment, found)
        if segment is None:
            report.num_void += found['area']
        elif segment.get('category_id') in things:
            crowd = bool(segment.get('iscrowd', 0))
            report.areas.append((segment['category_id'], crowd, found['area']))
    text = 'is listed, but no pixel of the PNG has its id'
    faults += [(segment_id, text) for segment_id in table]
    report.faults += [Fault(name, *fault) for fault in faults]
    return report


def _compare(segment: dict | None, found: dict) -> list[tuple[int, str]]:
    """Compare a listed segment with what the PNG shows of it."""
    if segment is None:
        text = (
            f'{found["area"]} pixels of the PNG have this id, which '
            '"segments_info" lacks: they are void or of another version'
        )
        return [(found['id'], text)]
    return [
        (
            found['id'],
            f'{key} {segment[key]} in the json, {found[key]} in the PNG',
        )
        for key in ('area', 'bbox')
        if key in segment and segment[key] != found[key]
    ]


def _check_table(
    segments: list[dict], things: dict[int, bool]
) -> tuple[dict[int, dict], list[tuple[int, str]]]:
    """Check what the table says, and index it by id."""
    faults = list(segment_faults(segments, things))
    stuff = set()
    for segment in segments:
        category = segment.get('category_id')
        texts = [
            f'lacks "{key}"'
            for key in ('id', 'category_id', 'area', 'bbox', 'iscrowd')
            if key not in segment
        ]
        if not things.get(category, True):
            if category in stuff:
                texts.append(f'is a second segment of stuff {category}')
            if segment.get('iscrowd', 0):
                texts.append(f'is a crowd, but {category} is stuff')
            stuff.add(category)
        faults += [(segment.get('id'), text) for text in texts]
    table = {segment.get('id'): segment for segment in segments}
    table.pop(VOID_ID, None)
    return table, faults


def _check_size(
    path: Path, listed: tuple[int, int], faults: list[Fault]
) -> None:
    """Compare the size of an image, as its EXIF entry turns it."""
    try:
        with Image.open(path) as image:
            size = image.size[::-1]
            if image.getexif().get(_ORIENTATION) in _TURNED:
                size = size[::-1]
    except FileNotFoundError:
        faults.append(Fault(path.name, None, f'missing in {path.parent}'))
    except OSError as error:
        faults.append(Fault(path.name, None, f'no readable image ({error})'))
    else:
        if size != listed:
            text = f'the image has the size {size}, the json says {listed}'
            faults.append(Fault(path.name, None, text))
