"""Comparing an annotation file with its PNGs, segment by segment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmremax.datasets.conversion.panoptic_files import segments_of
from mmremax.datasets.panoptic_png import read_segments, read_size
from mmremax.utils.constants import VOID_ID
from mmremax_runtime.images import read_image


@dataclass
class Fault:
    """Something wrong in a json, PNG or image, maybe with one segment."""

    file: str
    segment: int | None
    text: str
    is_refused: bool = False  # by training and evaluation, too

    def __str__(self) -> str:
        where = self.file
        if self.segment is not None:
            where += f', segment {self.segment}'
        return f'{where}: {self.text}'


@dataclass
class ImageReport:
    """What was found in one image.

    Attributes:
        size: Height and width of the PNG, None if it cannot be used.
        areas: Category id, crowd flag and pixels of each counted segment.
        num_void: Pixels without a segment.
    """

    faults: list[Fault] = field(default_factory=list)
    size: tuple[int, int] | None = None
    areas: list[tuple[int, bool, int]] = field(default_factory=list)
    num_void: int = 0


def check_images(
    content: dict,
    img_dir: Path | None,
    seg_dir: Path,
    num_workers: int = 4,
    decode: bool = False,
) -> Iterator[ImageReport]:
    """Check the files of every image, in threads.

    Args:
        content: See ``parse_annotations``.
        img_dir: Folder of the images; without it they are left alone.
        seg_dir: Folder of the PNGs.
        decode: Read every pixel of the images, not their headers.
    """
    entries = {entry['image_id']: entry for entry in content['annotations']}
    things = {c['id']: bool(c['isthing']) for c in content['categories']}

    def check(image: dict) -> ImageReport:
        report, entry = ImageReport(), entries.get(image['id'])
        if entry is not None:
            report = check_png(seg_dir, entry, image, things)
        if img_dir is not None:
            report.faults += check_image(img_dir, image, decode)
        return report

    with ThreadPoolExecutor(num_workers) as pool:
        yield from pool.map(check, content['images'])


def check_png(
    seg_dir: Path, entry: dict, image: dict, things: dict[int, bool]
) -> ImageReport:
    """Compare the table of one annotation with its PNG."""
    report, segments = ImageReport(), entry['segments_info']
    name, shape = entry['file_name'], (image['height'], image['width'])
    try:
        places, _ = read_segments(
            seg_dir / name, 'it is listed.', shape, segments
        )
    except (FileNotFoundError, ValueError) as error:
        report.faults.append(Fault(name, None, str(error), is_refused=True))
        return report
    report.size = shape
    report.num_void = int(np.count_nonzero(places == VOID_ID))
    found = {segment.pop('id'): segment for segment in segments_of(places)}
    faults = list(_table_faults(segments, things))
    for place, segment in enumerate(segments, start=1):
        if place not in found:
            text = 'is listed, but no pixel of the PNG has its id'
            faults.append((segment['id'], text))
            continue
        for key, value in found[place].items():
            told = segment.get(key, value)
            if told != value:
                text = f'{key} {told} in the json, {value} in the PNG'
                faults.append((segment['id'], text))
        crowd = bool(segment.get('iscrowd', 0))
        area = segment['category_id'], crowd, found[place]['area']
        report.areas.append(area)
    report.faults += [Fault(name, *fault) for fault in faults]
    return report


def _table_faults(
    segments: list[dict], things: dict[int, bool]
) -> Iterator[tuple[int, str]]:
    """Check what a table says: id and fault of segments."""
    stuff = set()
    for segment in segments:
        segment_id, category = segment['id'], segment['category_id']
        for key in ('area', 'bbox', 'iscrowd'):
            if key not in segment:
                yield segment_id, f'lacks "{key}"'
        if not things[category]:
            if category in stuff:
                yield segment_id, f'is a second segment of stuff {category}'
            if segment.get('iscrowd', 0):
                yield segment_id, f'is a crowd, but {category} is stuff'
            stuff.add(category)


def check_image(img_dir: Path, listed: dict, decode: bool) -> Iterator[Fault]:
    """Compare the size of an image, as its EXIF entry turns it.

    With `decode` all its pixels are read, otherwise the header.
    """
    path = img_dir / listed['file_name']
    expected = (listed['height'], listed['width'])
    try:
        size = read_image(path).shape[:2] if decode else read_size(path)
    except (FileNotFoundError, ValueError) as error:
        yield Fault(listed['file_name'], None, str(error), is_refused=True)
    else:
        if size != expected:
            text = f'the image has the size {size}, the json says {expected}'
            yield Fault(listed['file_name'], None, text, is_refused=True)
