"""Segment an image, or every image of a folder.

Examples:
    mmremax predict photo.jpg demo/nuclei/model.safetensors --out DIR
    mmremax predict folder/ remax_r50_coco CHECKPOINT --ids
    mmremax predict folder/ exported/ --json > segments.json

A file that is no image is named at the end, and the rest is done; the exit
status is then 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..files import check_outputs, write_files
from ..images import ImageError, list_images, read_image
from ..opening import add_model, count, open_model, side
from ..progress import progress
from ..segmentation import Segmentation
from ..segmenter import Segmenter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument('images', type=Path, help='an image, or a folder')
    add_model(parser)
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('outputs'),
        metavar='DIR',
        help='for NAME_panoptic.png, and what else is asked for (outputs)',
    )
    parser.add_argument(
        '--ids',
        '--save-ids',
        action='store_true',
        help='also NAME_ids.png and NAME_ids.json, as COCO-panoptic has them: '
        'ids in the colours, and the segments',
    )
    parser.add_argument(
        '--json',
        action='store_true',
        help='print the segments of all images as json; nothing else goes to '
        'the standard output, and no picture is drawn',
    )
    parser.add_argument(
        '--long-side',
        type=side,
        metavar='PIXELS',
        help="of the picture; default: the image's, but at least 640",
    )
    parser.add_argument(
        '--batch-size', type=count, default=1, metavar='N', help='(1)'
    )


def run(args: argparse.Namespace) -> int:
    """Predict, draw, say where."""
    if args.images.is_dir():
        paths = list_images(args.images)
    elif not args.images.exists():
        raise ImageError(f'{args.images}: No such file or folder.')
    else:
        paths = [args.images]
    names = output_names(paths)
    ends = ['panoptic'] * (not args.json) + ['ids'] * args.ids
    made = {
        args.out / f'{n}_{end}.png' for n in names.values() for end in ends
    }
    read = {path.resolve(): path for path in paths}
    for path in made:
        check_outputs(folders=[path], reads=[read.get(path.resolve())])
    segmenter = open_model(args)
    broken: list[str] = []
    printed = []
    results = segment_files(segmenter, paths, args.batch_size, broken)
    for result in progress(results, len(paths)):
        if args.json:
            printed.append(result.to_dict())
        else:
            stem = args.out / names[Path(result.source)]
            save_picture(result, stem, args.long_side)
        if args.ids:
            stem = args.out / names[Path(result.source)]
            result.save_coco(f'{stem}_ids.png')
    if args.json:
        print(json.dumps(printed, indent=1))
    for line in broken:
        print(line, file=sys.stderr)
    if broken and len(paths) > 1:
        print(f'{len(broken)} of {len(paths)} failed.', file=sys.stderr)
    return 1 if broken else 0


def segment_files(
    segmenter: Segmenter, paths: list[Path], batch_size: int, broken: list[str]
) -> Iterator[Segmentation]:
    """Segment what can be read; the errors of the rest go to `broken`."""
    batch: list[tuple[str, np.ndarray]] = []
    for number, path in enumerate(paths, start=1):
        try:
            batch.append((str(path), read_image(path)))
        except ImageError as error:
            broken.append(str(error))
        if batch and (len(batch) == batch_size or number == len(paths)):
            sources, images = zip(*batch, strict=True)
            yield from segmenter.segment(images, sources)
            batch.clear()


def output_names(paths: list[Path]) -> dict[Path, str]:
    """Name the files of each image: its stem, or all where two share it."""
    stems = Counter(path.stem for path in paths)
    names = {p: p.stem if stems[p.stem] == 1 else p.name for p in paths}
    if len(set(names.values())) < len(paths):  # a.png, a.jpg and a.png.png
        names = {path: path.name for path in paths}
    return names


def save_picture(
    result: Segmentation, stem: Path, long_side: int | None
) -> None:
    """Draw a result to STEM_panoptic.png, and say so."""
    long_side = long_side or max(640, *result.ids.shape)
    picture = result.draw(long_side=long_side)
    path = Path(f'{stem}_panoptic.png')
    with write_files(path) as (part,):
        picture.save(part, 'png')
    number = len(result.segments)
    hint = '' if number else ', a lower --score-thr keeps more'
    print(f'picture     {path}  segments: {number}{hint}')
