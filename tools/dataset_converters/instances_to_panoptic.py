r"""Make COCO-panoptic annotations of instances and, if there are, stuff maps.

INSTANCES is a json in COCO-instance format (polygons or run-length codes).
Stuff maps are PNGs of one channel, named as the images, whose values (plus
--stuff-offset) are the category ids of --stuff-categories. Written are
OUT.json and, beside it, the folder OUT with a PNG for each image.

Pixels that several instances claim go by --overlap:
OVERLAPS
Stuff lies below crowds, crowds below instances.

Examples:
    python tools/dataset_converters/instances_to_panoptic.py \
        data/mine/instances_train.json data/mine/panoptic_train.json
    python tools/dataset_converters/instances_to_panoptic.py \
        data/coco/annotations/instances_val2017.json \
        data/coco/annotations/panoptic_own_val2017.json \
        --stuff-maps data/coco/annotations/stuff_val2017_pixelmaps \
        --stuff-categories data/coco/annotations/stuff_val2017.json \
        --ignore 0 183          # 183 is COCO's "other", that is things
"""

import argparse
import sys
from pathlib import Path

from rich.progress import track

from mmremax.datasets.conversion.instances import (
    OVERLAPS,
    StuffMaps,
    convert_instances,
    read_classes,
    read_instances,
)
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs
from mmremax_runtime.opening import count


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    policies = '\n'.join(f'    {k:6} {v}' for k, v in OVERLAPS.items())
    parser = argparse.ArgumentParser(
        description=__doc__.replace('OVERLAPS', policies),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('instances', type=Path, metavar='INSTANCES.json')
    parser.add_argument('out', type=Path, metavar='OUT.json')
    parser.add_argument(
        '--overlap', choices=OVERLAPS, default='small', help='(small)'
    )
    parser.add_argument('--stuff-maps', type=Path, metavar='DIR')
    parser.add_argument(
        '--stuff-categories',
        type=Path,
        metavar='JSON',
        help='a list of {"id", "name"}, or a file with such "categories"',
    )
    parser.add_argument(
        '--stuff-offset',
        type=int,
        default=0,
        metavar='N',
        help="category id less value (0; COCO-Stuff's stuffthingmaps: 1)",
    )
    parser.add_argument(
        '--ignore',
        type=int,
        nargs='*',
        default=[0, 255],
        metavar='VALUE',
        help='values that mean unlabelled (0 255)',
    )
    parser.add_argument(
        '--workers', type=count, default=4, help='number of threads (4)'
    )
    args = parser.parse_args()
    if (args.stuff_maps is None) != (args.stuff_categories is None):
        parser.error('--stuff-maps and --stuff-categories go together')
    if args.out.suffix != '.json':
        parser.error('OUT must end with .json')
    return args


@tool()
def main() -> None:
    """Convert and say what was written."""
    args = parse_args()
    check_outputs(
        args.out,
        folders=[args.out.with_suffix('')],
        reads=(args.instances, args.stuff_maps, args.stuff_categories),
    )
    try:
        content = read_instances(args.instances)
        stuff = None
        if args.stuff_maps is not None:
            stuff = StuffMaps(
                args.stuff_maps,
                read_classes(args.stuff_categories),
                args.stuff_offset,
                tuple(args.ignore),
            )
        entries = convert_instances(
            content, args.out, stuff, args.overlap, args.workers
        )
        thing_ids = {category['id'] for category in content['categories']}
        num_images = len(content['images'])
        visible = num_stuff = 0
        for entry in track(entries, 'Converting', total=num_images):
            for segment in entry['segments_info']:
                visible += segment['category_id'] in thing_ids
                num_stuff += segment['category_id'] not in thing_ids
    except ValueError as error:
        sys.exit(str(error))
    hidden = len(content['annotations']) - visible
    print(
        f'{args.out}: {num_images} images, {visible} instances ({hidden} '
        f'hidden by others), {num_stuff} stuff segments'
    )


if __name__ == '__main__':
    main()
