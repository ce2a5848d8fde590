r"""Write panoptic annotation with coarser classes: COCO's 133 as 27, say.

By default a class becomes its "supercategory"; --mapping names a json with
the coarse name of every class name. Things stay apart, stuff segments of
one coarse class become one. The images stay where they are.

Example:
    python tools/dataset_converters/merge_categories.py \
        data/coco/annotations/panoptic_val2017.json \
        data/coco/annotations/panoptic_coarse_val2017.json
"""

import argparse
import json
import sys
from pathlib import Path

from rich.progress import track

from mmremax.datasets.annotation_file import load_annotations
from mmremax.datasets.conversion.coarse import (
    coarse_categories,
    convert_to_coarse,
)
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs
from mmremax_runtime.opening import count


def read_mapping(path: Path) -> dict[str, str]:
    """Read the coarse name of each class name, or leave with one line."""
    try:
        mapping = json.loads(path.read_text())
    except ValueError as error:
        sys.exit(f'{path} is not valid json: {error}')
    if not isinstance(mapping, dict):
        sys.exit(f'{path} holds no object like {{"cat": "animal", ...}}.')
    return mapping


@tool()
def main() -> None:
    """Convert one split and say what was written."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('ann_file', type=Path, help='panoptic json')
    add('out', type=Path, help='json to write; the PNGs go beside it')
    add('--png-dir', type=Path, help='its PNGs (beside it, of its name)')
    add('--mapping', type=Path, metavar='JSON', help='{"cat": "animal", ...}')
    add('--workers', type=count, default=4, help='number of threads (4)')
    args = parser.parse_args()
    png_dir = args.png_dir or args.ann_file.with_suffix('')
    if args.out.suffix != '.json':
        parser.error('OUT must end with .json')
    folders = [args.out.with_suffix('')]
    check_outputs(args.out, folders=folders, reads=(args.ann_file, png_dir))
    content = load_annotations(str(args.ann_file))
    try:
        mapping = args.mapping and read_mapping(args.mapping)
        done = convert_to_coarse(
            content, png_dir, args.out, mapping, args.workers
        )
        for _ in track(done, 'Merging', total=len(content['annotations'])):
            pass
        names = coarse_categories(content['categories'], mapping)[0]
    except ValueError as error:
        sys.exit(f'{args.ann_file}: {error}')
    print(f'{args.out}: {len(content["annotations"])} images')
    print('classes:', ', '.join(category['name'] for category in names))


if __name__ == '__main__':
    main()
