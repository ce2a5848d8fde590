"""Segment an image, or every image of a folder, and draw the result.

python demo/image_demo.py IMAGE CONFIG CHECKPOINT --out DIR
python demo/image_demo.py IMAGE demo/nuclei/model.safetensors --out DIR
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.apis import inference_detector
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.utils import get_test_pipeline_cfg
from mmdet.visualization import get_palette
from PIL import Image
from torch import nn

from mmremax.datasets.panoptic_png import read_rgb
from mmremax.utils.cli import (
    add_config_options,
    add_model,
    complete_model,
    open_config,
)
from mmremax.utils.load_model import load_model
from mmremax.visualization import draw_panoptic
from mmremax_runtime.segmentation import ids_to_colours

SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff'}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('image', type=Path, help='an image, or a folder')
    add_model(parser)
    parser.add_argument(
        '--out', type=Path, default=Path('outputs'), help='folder'
    )
    parser.add_argument(
        '--device', default='cuda:0' if torch.cuda.is_available() else 'cpu'
    )
    parser.add_argument(
        '--score-thr',
        type=float,
        metavar='P',
        help='class probability that a segment needs, instead of '
        "thing_threshold and stuff_threshold of the config's test_cfg",
    )
    parser.add_argument(
        '--palette',
        choices=['none', 'random'],
        default='none',
        help="colours of the classes; none: the data set's",
    )
    parser.add_argument(
        '--long-side',
        type=int,
        metavar='PIXELS',
        help="of the picture; default: the image's, but at least 640",
    )
    parser.add_argument(
        '--save-ids',
        action='store_true',
        help='also write the segments in COCO-panoptic format: a PNG of '
        'ids and a json with the class of each',
    )
    add_config_options(parser)
    return complete_model(parser.parse_args())


def list_images(source: Path) -> list[Path]:
    """Return the image, or the images of a folder in order of name."""
    if source.is_file():
        return [source]
    if not source.is_dir():
        sys.exit(f'There is no image or folder {source}.')
    images = sorted(
        path for path in source.iterdir() if path.suffix.lower() in SUFFIXES
    )
    if not images:
        sys.exit(f'{source} holds no image ({", ".join(sorted(SUFFIXES))}).')
    return images


def build_model(args: argparse.Namespace) -> nn.Module:
    """Make the model that the command line asks for."""
    cfg = open_config(args.config, args.cfg_options)
    if args.score_thr is not None:
        for kind in ('thing', 'stuff'):
            cfg.model.test_cfg[f'{kind}_threshold'] = args.score_thr
    try:
        model = load_model(cfg, args.checkpoint, args.device)
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    if not model.panoptic_fusion_head.test_cfg.panoptic_on:
        sys.exit('model.test_cfg.panoptic_on is False: nothing to draw.')
    return model


def save_ids(
    id_map: np.ndarray, num_things: int, classes: list[str], stem: Path
) -> None:
    """Write STEM_ids.png, ids as in COCO-panoptic, and STEM_ids.json.

    Args:
        id_map: Ids of the fusion head. (H, W).
        num_things: Classes below this are things.
        classes: K names.
        stem: Path without ending.
    """
    official, segments = np.zeros_like(id_map), []
    for segment_id in np.unique(id_map).tolist():
        label = segment_id % INSTANCE_OFFSET
        if label == len(classes):
            continue
        mask = id_map == segment_id
        official[mask] = len(segments) + 1  # 0 is void
        segments.append(
            dict(
                id=len(segments) + 1,
                label=label,
                category=classes[label],
                isthing=label < num_things,
                area=int(mask.sum()),
            )
        )
    Image.fromarray(ids_to_colours(official)).save(f'{stem}_ids.png')
    Path(f'{stem}_ids.json').write_text(json.dumps(segments, indent=1))


def main() -> None:
    """Load, predict, draw, say where."""
    args = parse_args()
    images = list_images(args.image)
    model = build_model(args)
    classes = model.dataset_meta['classes']
    palette = model.dataset_meta['palette']
    if args.palette == 'random':
        palette = get_palette('random', len(classes))
    pipeline = Compose(get_test_pipeline_cfg(model.cfg))
    args.out.mkdir(parents=True, exist_ok=True)
    stems = Counter(path.stem for path in images)
    broken = []
    for path in images:
        try:
            image = read_rgb(str(path), 'give another path.')
        except ValueError as error:
            broken.append(str(error))
            continue
        result = inference_detector(model, str(path), pipeline)
        ids = result.pred_panoptic_seg.sem_seg[0].cpu().numpy()
        long_side = args.long_side or max(640, *image.shape[:2])
        picture = draw_panoptic(
            image, ids, classes, palette, long_side=long_side
        )
        is_unique = stems[path.stem] == 1  # else a.jpg and a.png
        stem = args.out / (path.stem if is_unique else path.name)
        Image.fromarray(picture).save(f'{stem}_panoptic.png')
        if args.save_ids:
            num_things = model.panoptic_fusion_head.num_things_classes
            save_ids(ids, num_things, classes, stem)
        number = int((np.unique(ids) % INSTANCE_OFFSET < len(classes)).sum())
        hint = '' if number else ', lower thresholds keep more (--score-thr)'
        print(f'picture     {stem}_panoptic.png  segments: {number}{hint}')
    if broken:
        sys.exit('\n'.join(broken))


if __name__ == '__main__':
    main()
