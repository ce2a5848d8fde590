"""Make the synthetic benchmark ``shapes`` in COCO-panoptic layout.

Without options it is version v1, whole. Fewer images (--train, --val) are
the first ones of a version; any other option gives a data set of its own, with
the rest as in the version. docs/data.md describes the options.

Examples:
    python tools/dataset_converters/make_shapes.py data/shapes
    python tools/dataset_converters/make_shapes.py data/few --val 100
    python tools/dataset_converters/make_shapes.py data/vivid --version vivid1
    python tools/dataset_converters/make_shapes.py data/large --size 641 641
    python tools/dataset_converters/make_shapes.py data/few --train 0 --val 12
        --picture shapes.png
"""

import argparse
import os
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mmremax.datasets.shapes.generator import (
    CATEGORIES,
    SPLITS,
    VERSIONS,
    ShapesDefinition,
    draw_sample,
    make_shapes,
)
from mmremax.utils.tool import tool
from mmremax.visualization import (
    draw_panoptic,
    encode_segments,
)
from mmremax_runtime.files import check_outputs, write_files
from mmremax_runtime.opening import count, png

PICTURE_SHAPE = (2, 6)  # rows and columns of samples
NOT_DRAWN = ('out', 'version', 'workers', 'picture')  # other options
STATISTICS = (
    'images',
    'things of an image',
    'stuff of an image',
    'crowds of an image',
    'pixels of things',
    'pixels without a label',
    'of the pixels of things, on one that\ntouches another of its class',
    'of the pixels of things, hidden by\na later one of its class',
)


def parse_args() -> tuple[argparse.Namespace, ShapesDefinition]:
    """Read the command line: folder, picture, workers; and what to draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('out', type=Path, help='folder to write to')
    parser.add_argument(
        '--version',
        choices=sorted(VERSIONS),
        default='v1',
        help='definition to start from (v1)',
    )
    parser.add_argument(
        '--train', dest='num_train', type=int, help='training images'
    )
    parser.add_argument(
        '--val', dest='num_val', type=int, help='validation images'
    )
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='image size in pixels',
    )
    parser.add_argument('--seed', type=int, help='seed of the whole set')
    parser.add_argument(
        '--workers',
        type=count,
        default=os.cpu_count() or 1,
        help='processes; the pixels do not depend on it (one for each CPU)',
    )
    parser.add_argument(
        '--picture',
        type=png,
        metavar='PNG',
        help='also draw the first validation images with their segments',
    )
    knobs = parser.add_argument_group('of version v1 alone')
    knobs.add_argument(
        '--clutter', type=float, help='mean number of objects of an image'
    )
    knobs.add_argument(
        '--occlusion',
        type=float,
        help='fraction of objects drawn over one of their class, 0 to 1',
    )
    knobs.add_argument(
        '--thin',
        type=float,
        help='fraction of rings and crosses with thin strokes, 0 to 1',
    )
    knobs.add_argument(
        '--salience',
        type=float,
        help='how much objects stand out from the grounds, 0 to 1',
    )
    knobs.add_argument(
        '--radius',
        type=float,
        nargs=2,
        metavar=('LOW', 'HIGH'),
        help='range of the radius of an object, in shorter sides',
    )
    args = parser.parse_args()
    definition = VERSIONS[args.version]
    known = {field.name for field in fields(definition)}
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(args).items()
        if name not in NOT_DRAWN and value is not None
    }
    if foreign := [f'--{name}' for name in given if name not in known]:
        parser.error(f'{", ".join(foreign)}: not with version {args.version}')
    try:
        return args, replace(definition, **given)
    except ValueError as error:
        parser.error(str(error))


def statistics_table(totals: dict[str, Counter]) -> Table:
    """Put the sums of the splits that have images into words."""
    table = Table('', title='Statistics')
    columns = []
    for split, total in totals.items():
        if not total:
            continue
        table.add_column(split, justify='right')
        images, pixels = total['images'], total['pixels']
        thing_pixels = max(1, total['thing_pixels'])
        drawn_pixels = max(1, total['drawn_pixels'])
        columns.append(
            (
                f'{images}',
                *(
                    f'{total[k] / images:.2f}'
                    for k in ('things', 'stuff', 'crowds')
                ),
                f'{total["thing_pixels"] / pixels:.1%}',
                f'{total["void_pixels"] / pixels:.1%}',
                f'{total["touching_pixels"] / thing_pixels:.1%}',
                f'{total["hidden_pixels"] / drawn_pixels:.1%}',
            )
        )
    for name, *cells in zip(STATISTICS, *columns, strict=True):
        table.add_row(name, *cells)
    return table


def picture_of(definition: ShapesDefinition) -> Image.Image:
    """Draw the first validation images, each above its segments."""
    place = {c['id']: k for k, c in enumerate(CATEGORIES)}
    rows, columns = PICTURE_SHAPE
    pairs = []
    for index in range(rows * columns):
        image, id_map, segments, _ = draw_sample(definition, 'val', index)
        infos = [
            dict(
                s,
                category=place[s['category_id']],
                is_thing=CATEGORIES[place[s['category_id']]]['isthing'],
            )
            for s in segments
        ]
        ids = encode_segments(id_map, infos, len(CATEGORIES))
        drawing = draw_panoptic(
            image,
            ids,
            [c['name'] for c in CATEGORIES],
            [c['color'] for c in CATEGORIES],
            alpha=0.85,
            long_side=2 * max(definition.size),
        )
        height, width = drawing.shape[:2]
        large = Image.fromarray(image).resize((width, height), Image.NEAREST)
        pair = np.concatenate((np.asarray(large), drawing))
        pairs.append(
            np.pad(pair, ((4, 4), (4, 4), (0, 0)), constant_values=255)
        )
    sheet = np.concatenate(
        [
            np.concatenate(pairs[i * columns : (i + 1) * columns], axis=1)
            for i in range(rows)
        ]
    )
    return Image.fromarray(sheet).quantize(256)  # a small file


@tool()
def main() -> None:
    """Write the data set, say what is in it and where it is."""
    args, definition = parse_args()
    check_outputs(args.picture)
    console = Console(highlight=False)
    totals = {split: Counter() for split in SPLITS}
    for split, statistics in track(
        make_shapes(args.out, definition, args.workers),
        description='Drawing shapes',
        total=definition.num_train + definition.num_val,
        console=console,
    ):
        totals[split] += statistics
    console.print(statistics_table(totals))
    console.print(
        f'{definition.num_train} + {definition.num_val} images of '
        f'{definition.version or "no version"}: {args.out}',
        soft_wrap=True,
    )
    if args.picture is not None:
        with write_files(args.picture) as (part,):
            picture_of(definition).save(part, optimize=True)
        console.print(f'picture: {args.picture}', soft_wrap=True)


if __name__ == '__main__':
    main()
