"""Check data in COCO-panoptic layout: json against PNGs and images.

For every panoptic_*.json in ROOT and ROOT/annotations: fields and values,
ids that occur twice, categories and whether all files have the same; missing
and unreadable files, formats and sizes of images and PNGs, and for every
segment area, box, pixels without an entry and entries without a pixel. The
PNGs are in the folder named as the json; the images are searched for below
ROOT. Every fault is listed with file and segment (in a json, ten of a kind);
the exit status is 1 if there are any, 2 if nothing can be checked. What
training and evaluation would refuse is counted apart; the rest they accept.

Examples:
    python tools/dataset_converters/check_panoptic.py data/coco
    python tools/dataset_converters/check_panoptic.py data/mine \
        --ann-file labels.json --seg-dir masks --img-dir photos
"""

import argparse
import sys
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mmremax.datasets.annotation_file import metainfo_of
from mmremax.datasets.annotation_parsing import parse_annotations
from mmremax.datasets.panoptic_check import (
    Fault,
    ImageReport,
    check_images,
)
from mmremax.utils.class_meta import class_difference
from mmremax_runtime.errors import one_line
from mmremax_runtime.opening import count


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('root', type=Path, help='folder of the data')
    parser.add_argument(
        '--ann-file',
        nargs='+',
        help='check these json files of ROOT (all panoptic_*.json)',
    )
    parser.add_argument(
        '--seg-dir', help='folder of the PNGs in ROOT (named as the json)'
    )
    parser.add_argument(
        '--img-dir', help='folder of the images in ROOT (searched for)'
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--images',
        action='store_true',
        help='decode every image (by default their headers are read)',
    )
    which.add_argument(
        '--no-images', action='store_true', help='leave the images alone'
    )
    parser.add_argument(
        '--workers', type=count, default=4, help='number of threads (4)'
    )
    return parser.parse_args()


def find_image_dir(root: Path, images: list[dict], stem: str) -> Path | None:
    """Find the folder, up to two levels below root, that has the images.

    Of those that have most of the first ones, `train` and `val` may have
    images of one name, one whose name the json's `stem` has.
    """

    def fit(folder: Path) -> tuple[int, bool]:
        files = (folder / image['file_name'] for image in images[:20])
        return sum(file.is_file() for file in files), folder.name in stem

    best = max([root, *root.glob('*/'), *root.glob('*/*/')], key=fit)
    return best if fit(best)[0] else None


def check(
    args: argparse.Namespace, path: Path, console: Console
) -> tuple[dict, int]:
    """Check one annotation file and print what was found.

    Returns:
        Its content, empty if it cannot be used, and the number of faults.
    """
    content, texts = parse_annotations(path.read_bytes())
    if texts:
        for text in texts:
            show(f'{path.name}: {text}', console)
        console.print(
            f'{path}: cannot be used, PNGs and images were not looked at',
            style='bold',
            highlight=False,
        )
        return {}, len(texts)
    faults = []
    seg_dir = path.with_suffix('')
    if args.seg_dir is not None:
        seg_dir = args.root / args.seg_dir
    img_dir = None
    if args.img_dir is not None:
        img_dir = args.root / args.img_dir
    elif not args.no_images:
        img_dir = find_image_dir(args.root, content['images'], path.stem)
        if img_dir is None and content['images']:
            text = f'none of the first images is below {args.root}: give '
            faults.append(Fault(path.name, None, text + '--img-dir'))
    reports = []
    for report in track(
        check_images(content, img_dir, seg_dir, args.workers, args.images),
        f'Checking {path.name}',
        total=len(content['images']),
        console=console,
    ):
        reports.append(report)
        faults += report.faults
    for fault in faults:
        show(str(fault), console)
    print_statistics(path, content, reports, console)
    refused = sum(fault.is_refused for fault in faults)
    verdict = f'faults: {len(faults)}, refused in training: {refused}'
    verdict = verdict if faults else 'no fault'
    console.print(f'{path}: {verdict}', style='bold', highlight=False)
    return content, len(faults)


def show(text: str, console: Console) -> None:
    """Print a fault."""
    console.print(text, style='red', markup=False, highlight=False)


def print_statistics(
    path: Path, content: dict, reports: list[ImageReport], console: Console
) -> None:
    """Print a table of the classes, and a summary."""
    in_images, segments = Counter(), Counter()
    crowds, pixels = Counter(), Counter()
    for report in reports:
        in_images.update({category for category, _, _ in report.areas})
        for category, crowd, area in report.areas:
            (crowds if crowd else segments)[category] += 1
            pixels[category] += area
    sizes = np.array([r.size for r in reports if r.size] or [(0, 0)])
    total = max(1, int(sizes.prod(1).sum()))
    table = Table(title=f'{path.name}: segments by class')
    for heading in ('class', 'kind', 'images', 'segments', 'crowds', 'pixels'):
        left = heading in ('class', 'kind')
        table.add_column(heading, justify='left' if left else 'right')
    absent = []
    for category in content['categories']:
        key = category['id']
        if not pixels[key]:
            absent.append(category['name'])
            continue
        table.add_row(
            f'{key} {category["name"]}',
            'thing' if category['isthing'] else 'stuff',
            *(str(c[key]) for c in (in_images, segments, crowds)),
            f'{100 * pixels[key] / total:.2f} %',
        )
    console.print(table)
    if absent:
        names = ', '.join(absent[:20]) + (', ...' if absent[20:] else '')
        console.print(f'{len(absent)} classes do not occur: {names}')
    kinds = defaultdict(int)
    for category in content['categories']:
        kind = 'things' if category['isthing'] else 'stuff'
        kinds[kind] += segments[category['id']]
    counts = [len(report.areas) for report in reports] or [0]
    (low_h, low_w), (high_h, high_w) = sizes.min(0), sizes.max(0)
    void = sum(report.num_void for report in reports)
    console.print(
        f'{len(content["images"])} images, {kinds["things"]} thing segments, '
        f'{kinds["stuff"]} stuff segments, {sum(crowds.values())} crowds; '
        f'segments of an image: mean {np.mean(counts):.1f}, most '
        f'{max(counts)}; height {low_h} to {high_h}, width {low_w} to '
        f'{high_w}; void {100 * void / total:.2f} % of the pixels',
        highlight=False,
    )


def main() -> None:
    """Check all annotation files."""
    args = parse_args()
    console = Console()
    if args.ann_file is not None:
        paths = [args.root / name for name in args.ann_file]
    else:
        folders = (args.root, args.root / 'annotations')
        paths = [p for f in folders for p in sorted(f.glob('panoptic_*.json'))]
    if not paths:
        console.print(f'{args.root} has no panoptic_*.json: give --ann-file')
        sys.exit(2)
    if args.images and find_spec('av') is None:
        text = 'damage inside a JPEG shows only with PyAV: pip install av'
        console.print(text, style='yellow')
    num_faults, classes = 0, {}
    try:
        for path in paths:
            content, number = check(args, path, console)
            num_faults += number
            if content:
                classes[path] = metainfo_of(content['categories'])
    except OSError as error:
        show(one_line(error), console)
        sys.exit(2)
    first, *others = classes or [None]
    for path in others:
        text = class_difference(classes[first], classes[path])
        if text:
            num_faults += 1
            show(
                f'{path} is not of one data set with {first}: {text}. If it '
                'need not be, check them apart with --ann-file.',
                console,
            )
    sys.exit(1 if num_faults else 0)


if __name__ == '__main__':
    main()
