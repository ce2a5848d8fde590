"""Bootstrap the standard error of PQ, and of the difference of two models.

Reads predictions in the official format, as `tools/test.py --dump DIR`
writes them. The error is that of the choice of validation images: not that
of seeds, which only more training runs show.

Examples:
    python tools/analysis/pq_error.py data/shapes/annotations/panoptic_val.json
        DIR --sizes 250 500 1000
    python tools/analysis/pq_error.py ANNOTATIONS.json DIR_A DIR_B
        also B - A on the same images, with its 95 % interval
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mmremax.datasets.annotation_file import load_annotations, raise_faults
from mmremax.datasets.annotation_parsing import parse_predictions
from mmremax.datasets.panoptic_png import read_ids, read_segments
from mmremax.evaluation import (
    PQCounts,
    bootstrap_pq,
    panoptic_quality,
)
from mmremax.utils.tool import tool
from mmremax_runtime.opening import count


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'annotations',
        type=Path,
        help='panoptic json; the folder of its PNGs is beside it',
    )
    parser.add_argument(
        'predictions', type=Path, nargs='+', help='one or two dumps'
    )
    parser.add_argument(
        '--sizes',
        type=int,
        nargs='+',
        help='numbers of images to estimate the error for (all there are)',
    )
    parser.add_argument(
        '--draws', type=count, default=2000, help='number of draws (2000)'
    )
    args = parser.parse_args()
    if len(args.predictions) > 2:
        parser.error('predictions: give one or two dumps')
    if min(args.sizes or [1]) < 1 or args.draws < 2:
        parser.error('--sizes must be positive, --draws at least 2')
    return args


def count_images(
    annotations: Path, dump: Path, console: Console
) -> tuple[list[PQCounts], int]:
    """Score each image of a dump.

    Args:
        annotations: Panoptic json of the ground truth.
        dump: Folder with `panoptic.json` and `panoptic/`.
        console: For the progress bar.

    Returns:
        Counts of the images in the order of the annotations, and the number
        of thing classes.
    """
    truth = load_annotations(str(annotations))
    path = dump / 'panoptic.json'
    content, faults = parse_predictions(path.read_bytes())
    raise_faults(path, faults, '`mmremax test --dump` writes such files.')
    predicted = {e['image_id']: e for e in content['annotations']}
    images = {image['id']: image for image in truth['images']}
    things_first = sorted(truth['categories'], key=lambda c: not c['isthing'])
    label_of = {c['id']: k for k, c in enumerate(things_first)}

    def score(entry: dict) -> PQCounts:
        if entry['image_id'] not in predicted:
            raise ValueError(
                f'{dump} has no prediction for image {entry["image_id"]}: it '
                'is of other data, or not whole.'
            )
        guess = predicted[entry['image_id']]
        strange = {s['category_id'] for s in guess['segments_info']}
        strange -= label_of.keys()
        if strange:
            raise ValueError(
                f'{dump} has the category {min(strange)}, which '
                f'{annotations} lacks: it is of other data.'
            )
        image, remedy = images[entry['image_id']], 'the json lists it.'
        gt_map, table = read_segments(
            annotations.with_suffix('') / entry['file_name'],
            remedy,
            (image['height'], image['width']),
            entry['segments_info'],
        )
        path = dump / 'panoptic' / guess['file_name']
        pred_map = read_ids(path, remedy)
        found = {
            s['id']: label_of[s['category_id']] for s in guess['segments_info']
        }
        gt_table = [
            dict(
                s,
                category=label_of[s['category_id']],
                iscrowd=s.get('iscrowd', 0),
            )
            for s in table
        ]
        try:
            return panoptic_quality(
                pred_map, found, gt_map, gt_table, len(label_of)
            )
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error

    with ThreadPoolExecutor(4) as pool:
        counts = list(
            track(
                pool.map(score, truth['annotations']),
                f'Scoring {dump.name}',
                total=len(truth['annotations']),
                console=console,
            )
        )
    return counts, sum(bool(c['isthing']) for c in things_first)


def describe(draws: np.ndarray) -> str:
    """Mean and standard error; a dash where no draw has the classes."""
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return '-'
    return f'{draws.mean():.1f} ± {draws.std(ddof=1):.2f}'


def describe_difference(draws: np.ndarray) -> str:
    """Median, standard error and 95 % interval; or a dash."""
    draws = draws[~np.isnan(draws)]
    if not draws.size:
        return '-'
    low, middle, high = np.quantile(draws, (0.025, 0.5, 0.975))
    error = draws.std(ddof=1)
    return f'{middle:+.1f} ± {error:.2f} [{low:+.1f}, {high:+.1f}]'


@tool()
def main() -> None:
    """Score, draw, print."""
    args = parse_args()
    console = Console(highlight=False)
    try:
        scored = [
            count_images(args.annotations, dump, console)
            for dump in args.predictions
        ]
    except ValueError as error:
        sys.exit(str(error))
    names = [dump.name for dump in args.predictions]
    if len(set(names)) < len(names):
        names = [str(dump) for dump in args.predictions]
    table = Table(title='PQ and its standard error')
    for heading in ('images', 'of', 'all', 'things', 'stuff'):
        table.add_column(
            heading, justify='left' if heading == 'of' else 'right'
        )
    for size in args.sizes or [len(scored[0][0])]:
        draws = [
            100 * bootstrap_pq(counts, things, size, args.draws)
            for counts, things in scored
        ]
        for name, scores in zip(names, draws, strict=True):
            table.add_row(str(size), name, *map(describe, scores.T))
        if len(draws) == 2:
            first, second = draws
            cells = map(describe_difference, (second - first).T)
            table.add_row(str(size), 'second - first', *cells)
    console.print(table)


if __name__ == '__main__':
    main()
