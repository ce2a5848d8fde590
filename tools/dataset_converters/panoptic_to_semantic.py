"""Write the semantic PNGs that mmseg reads from panoptic annotation.

A pixel holds the place of its class, things first, then stuff, each in the
order of the json; 255 is void or crowd. Images stay where they are.

Examples:
    python tools/dataset_converters/panoptic_to_semantic.py \
        data/shapes/annotations/panoptic_train.json
        -> data/shapes/annotations/semantic_train/*.png
    python tools/dataset_converters/panoptic_to_semantic.py \
        data/coco/annotations/panoptic_val2017.json --out DIR
"""

import argparse
from pathlib import Path

from rich.progress import track

from mmremax.datasets.annotation_file import (
    load_annotations,
    metainfo_of,
)
from mmremax.datasets.conversion.semantic_maps import write_semantic_maps
from mmremax.utils.tool import tool


@tool()
def main() -> None:
    """Convert one split."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('ann_file', type=Path, help='panoptic json')
    parser.add_argument(
        '--png-dir', type=Path, help='its PNGs (beside it, of its name)'
    )
    parser.add_argument(
        '--out', type=Path, help="folder to write to ('semantic_...' beside)"
    )
    parser.add_argument(
        '--merge-things',
        action='store_true',
        help='all thing classes become one, class 0; stuff follows',
    )
    args = parser.parse_args()
    stem = args.ann_file.stem
    png_dir = args.png_dir or args.ann_file.with_suffix('')
    out = args.out or args.ann_file.with_name(
        stem.replace('panoptic', 'semantic')
        if 'panoptic' in stem
        else f'semantic_{stem}'
    )
    content = load_annotations(str(args.ann_file))
    paths = write_semantic_maps(
        str(args.ann_file), png_dir, out, args.merge_things
    )
    total = len(content['annotations'])
    for _ in track(paths, description='Writing maps', total=total):
        pass
    print(f'{total} maps: {out}')
    info = metainfo_of(content['categories'])
    classes = info['classes']
    if args.merge_things:
        classes = ('thing', *info['stuff_classes'])
    print('classes:', ', '.join(classes))


if __name__ == '__main__':
    main()
