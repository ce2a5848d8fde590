"""Draw input | ground truth | prediction for validation images; score them.

python tools/analysis/show_predictions.py CONFIG CHECKPOINT --num 8
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from mmdet.registry import DATASETS, METRICS
from mmdet.structures import DetDataSample
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import BaseMetric
from PIL import Image
from torch import nn

from mmremax.datasets.conversion.panoptic_files import refuse_shared
from mmremax.datasets.panoptic_png import (
    read_rgb,
    read_segments,
)
from mmremax.engine.data_check_hook import compare
from mmremax.evaluation import format_score
from mmremax.utils.cli import (
    add_config_options,
    add_model,
    complete_model,
    open_config,
)
from mmremax.utils.load_model import load_model
from mmremax.utils.tool import each, tool
from mmremax.visualization import (
    brighten,
    draw_outlines,
    draw_panoptic,
    encode_segments,
    side_by_side,
)
from mmremax_runtime.files import write_files
from mmremax_runtime.opening import count, side


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    parser.add_argument(
        '--out', type=Path, default=Path('pictures'), help='folder'
    )
    parser.add_argument(
        '--num', type=count, default=6, help='images, spread over the data set'
    )
    parser.add_argument(
        '--device', default='cuda:0' if torch.cuda.is_available() else 'cpu'
    )
    parser.add_argument(
        '--long-side',
        type=side,
        default=640,
        help="pixels of each drawn panel's long side",
    )
    parser.add_argument(
        '--labels-only',
        action='store_true',
        help='draw segments without the image, for data that may be measured '
        'but not shown',
    )
    parser.add_argument(
        '--outlines',
        action='store_true',
        help='brighten the image and outline each thing, neighbours in '
        'different colours: for many small things',
    )
    parser.add_argument(
        '--separate',
        action='store_true',
        help='one file for each panel: NAME_input.png, NAME_ground-truth.png, '
        'NAME_prediction.png',
    )
    add_config_options(parser, reads_data=True)
    return complete_model(parser.parse_args())


def predict(model: nn.Module, sample: dict) -> DetDataSample:
    """Run the model on one packed sample."""
    with torch.no_grad():
        result = model.test_step(pseudo_collate([sample]))[0]
    if 'pred_panoptic_seg' not in result:
        sys.exit('model.test_cfg.panoptic_on is False: nothing to draw.')
    return result.cpu()


def drawing_style(args: argparse.Namespace, classes: dict) -> Callable:
    """Choose how segments are drawn over an image; see `draw_panoptic`."""
    if args.outlines:
        return partial(
            draw_outlines,
            num_things=len(classes['thing_classes']),
            void=len(classes['classes']),
            long_side=args.long_side,
        )
    return partial(
        draw_panoptic,
        classes=classes['classes'],
        palette=classes['palette'],
        long_side=args.long_side,
    )


def make_panels(
    result: DetDataSample,
    num_classes: int,
    draw: Callable,
    args: argparse.Namespace,
) -> dict[str, np.ndarray]:
    """Draw a predicted sample: panels by title."""
    meta = result.metainfo
    image = read_rgb(meta['img_path'], 'the data set lists it.')
    panels = {'input': image}
    if args.labels_only:
        panels, image = {}, np.full_like(image, 128)
    elif args.outlines:
        image = brighten(image)
        panels = {'input, brightened': image}
    if meta.get('seg_map_path') is not None:
        ids, table = read_segments(
            meta['seg_map_path'],
            'the data set lists it.',
            image.shape[:2],
            meta['segments_info'],
        )
        truth = encode_segments(ids, table, num_classes)
        panels['ground truth'] = draw(image, truth)
    ids = result.pred_panoptic_seg.sem_seg[0].numpy()
    panels['prediction'] = draw(image, ids)
    return panels


@tool()
def main() -> None:
    """Load, predict, draw, say where, score what has a ground truth."""
    args = parse_args()
    cfg = open_config(args.config, args.cfg_options, args.data_root)
    try:
        model = load_model(cfg, args.checkpoint, args.device)
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    num_classes = len(dataset.metainfo['classes'])
    if num_classes != len(model.dataset_meta['classes']):
        sys.exit(
            f'The model has {len(model.dataset_meta["classes"])} classes, '
            f'the data {num_classes}.'
        )
    compare(
        'the checkpoint',
        model.dataset_meta,
        f'test_dataloader.dataset ({dataset.ann_file})',
        dataset.metainfo,
    )
    draw = drawing_style(args, dataset.metainfo)
    metric = METRICS.build(dict(type='PanopticQualityMetric', classwise=False))
    metric.dataset_meta = dataset.metainfo
    num = min(args.num, len(dataset))
    chosen = np.linspace(0, len(dataset) - 1, num).round().astype(int).tolist()
    names = picture_names(
        {index: dataset.get_data_info(index)['file_name'] for index in chosen}
    )
    refuse_shared(names.values(), str(args.out))

    def show(index: int) -> None:
        result = predict(model, dataset[index])
        panels = make_panels(result, num_classes, draw, args)
        if result.get('seg_map_path') is not None:
            metric.process({}, [result.to_dict()])
        save_panels(panels, names[index], args)

    try:
        each(chosen, show)
    finally:
        print_score(metric)


def picture_names(file_names: dict[int, str]) -> dict[int, str]:
    """Name pictures by the stems of images, with folders if two share one."""
    paths = {
        i: PurePosixPath(n).with_suffix('') for i, n in file_names.items()
    }
    stems = Counter(path.name for path in paths.values())
    return {
        index: path.name if stems[path.name] == 1 else '_'.join(path.parts)
        for index, path in paths.items()
    }


def print_score(metric: BaseMetric) -> None:
    """Print what the pictures with a ground truth score."""
    if scored := len(metric.results):
        scores = metric.evaluate(scored)
        parts = {'PQ': 'PQ', 'PQ_th': 'of things', 'PQ_st': 'of stuff'}
        text = ', '.join(
            f'{name} {format_score(scores[f"coco_panoptic/{key}"])}'
            for key, name in parts.items()
        )
        print(f'score       {text}, on these {scored} pictures')


def save_panels(
    panels: dict[str, np.ndarray], name: str, args: argparse.Namespace
) -> None:
    """Write one picture, or one for each panel."""
    pictures = {f'prediction_{name}.png': side_by_side(panels)}
    if args.separate:
        pictures = {
            f'{name}_{re.sub("[^a-z]+", "-", title)}.png': panel
            for title, panel in panels.items()
        }
    for file_name, picture in pictures.items():
        with write_files(args.out / file_name) as (part,):
            Image.fromarray(picture).save(part)
        print(f'picture     {args.out / file_name}')


if __name__ == '__main__':
    main()
