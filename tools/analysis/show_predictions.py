"""Draw input | ground truth | prediction for validation images.

python tools/analysis/show_predictions.py CONFIG CHECKPOINT --num 8
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset, pseudo_collate
from PIL import Image
from torch import nn

from mmremax.datasets.panoptic_png import (
    colours_to_ids,
    read_rgb,
)
from mmremax.utils.cli import add_config_options, open_config
from mmremax.utils.load_model import load_model
from mmremax.visualization import (
    draw_panoptic,
    encode_segments,
    side_by_side,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a file of configs/')
    parser.add_argument('checkpoint', help='weights of this config')
    parser.add_argument(
        '--out', type=Path, default=Path('pictures'), help='folder'
    )
    parser.add_argument(
        '--num', type=int, default=6, help='images, spread over the data set'
    )
    parser.add_argument(
        '--device', default='cuda:0' if torch.cuda.is_available() else 'cpu'
    )
    parser.add_argument(
        '--long-side',
        type=int,
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
        '--separate',
        action='store_true',
        help='one file for each panel: NAME_input.png, NAME_ground-truth.png, '
        'NAME_prediction.png',
    )
    add_config_options(parser, reads_data=True)
    return parser.parse_args()


def predict(model: nn.Module, sample: dict) -> tuple[np.ndarray, dict]:
    """Run the model on one packed sample.

    Returns:
        Ids of the segments, (H, W), and the sample's metainfo.
    """
    with torch.no_grad():
        result = model.test_step(pseudo_collate([sample]))[0]
    if 'pred_panoptic_seg' not in result:
        sys.exit('model.test_cfg.panoptic_on is False: nothing to draw.')
    ids = result.pred_panoptic_seg.sem_seg[0].cpu().numpy()
    return ids, result.metainfo


def draw_samples(
    model: nn.Module,
    dataset: BaseDataset,
    num: int,
    long_side: int,
    labels_only: bool,
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield a name and panels by title for some samples of a data set."""
    style = dict(
        classes=dataset.metainfo['classes'],
        palette=dataset.metainfo['palette'],
        long_side=long_side,
    )
    num = min(num, len(dataset))
    for index in np.linspace(0, len(dataset) - 1, num).round().astype(int):
        ids, meta = predict(model, dataset[int(index)])
        image = read_rgb(meta['img_path'], 'the data set lists it.')
        panels = {} if labels_only else {'input': image}
        if labels_only:
            image = np.full_like(image, 128)
        if meta.get('seg_map_path') is not None:
            colours = read_rgb(meta['seg_map_path'], 'the data set lists it.')
            truth = encode_segments(
                colours_to_ids(colours),
                meta['segments_info'],
                len(style['classes']),
            )
            panels['ground truth'] = draw_panoptic(image, truth, **style)
        panels['prediction'] = draw_panoptic(image, ids, **style)
        yield Path(meta['img_path']).stem, panels


def main() -> None:
    """Load, predict, draw, say where."""
    args = parse_args()
    cfg = open_config(args.config, args.cfg_options, args.data_root)
    try:
        model = load_model(cfg, args.checkpoint, args.device)
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    if len(dataset.metainfo['classes']) != len(model.dataset_meta['classes']):
        sys.exit(
            f'The model has {len(model.dataset_meta["classes"])} classes, '
            f'the data {len(dataset.metainfo["classes"])}.'
        )
    args.out.mkdir(parents=True, exist_ok=True)
    for sample, panels in draw_samples(
        model, dataset, args.num, args.long_side, args.labels_only
    ):
        pictures = {f'prediction_{sample}.png': side_by_side(panels)}
        if args.separate:
            pictures = {
                f'{sample}_{title.replace(" ", "-")}.png': panel
                for title, panel in panels.items()
            }
        for name, picture in pictures.items():
            Image.fromarray(picture).save(args.out / name)
            print(f'picture     {args.out / name}')


if __name__ == '__main__':
    main()
