"""Draw what the training pipeline yields: input | labels.

    python tools/analysis/browse_dataset.py CONFIG --out pictures --num 8

The samples are those with which a run of this seed starts, padded as the
network gets them. Labels are drawn from the grid that the losses see; void
and padding are dark and hatched.
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from mmdet.registry import DATASETS, MODELS
from mmengine.config import DictAction
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.registry import init_default_scope
from PIL import Image
from torch import nn

from mmremax.datasets import (
    PackPanopticInputs,
    SeededInfiniteSampler,
)
from mmremax.utils.config_edits import (
    merge_options,
    set_data_root,
)
from mmremax.utils.migration import read_config
from mmremax.visualization import (
    draw_panoptic,
    encode_grid,
    side_by_side,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a file of configs/')
    parser.add_argument(
        '--out', type=Path, default=Path('pictures'), help='folder'
    )
    parser.add_argument('--num', type=int, default=8, help='samples (8)')
    parser.add_argument('--seed', type=int, default=0, help='of the run (0)')
    parser.add_argument(
        '--data-root', metavar='DIR', help='folder of the data'
    )
    parser.add_argument(
        '--long-side',
        type=int,
        help="pixels of each panel's long side (the input's, 640 at least)",
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='change config keys',
    )
    return parser.parse_args()


def draw_samples(
    dataset: BaseDataset,
    preprocessor: nn.Module,
    seed: int,
    long_side: int | None = None,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a name and a picture for each sample of a run, endlessly.

    Args:
        dataset: For training.
        preprocessor: A ``KMaXDataPreprocessor``.
        seed: Of the run.
        long_side: Pixels of a panel's long side; None is the input's own,
            but so many that names stay legible.

    Yields:
        Name of a file, and an RGB picture. uint8.
    """
    info = dataset.metainfo
    void = len(info['classes'])
    stride = next(
        step.label_stride
        for step in dataset.pipeline.transforms
        if isinstance(step, PackPanopticInputs)
    )
    keys = SeededInfiniteSampler(dataset, seed=seed)
    for number, key in enumerate(keys):
        batch = preprocessor(pseudo_collate([dataset[key]]), training=True)
        pixels = batch['inputs'] * preprocessor.std + preprocessor.mean
        image = pixels[0].permute(1, 2, 0).round().byte().numpy()
        sample = batch['data_samples'][0]
        ids = np.full(image.shape[:2], void)
        height, width = sample.img_shape
        ids[:height, :width] = encode_grid(
            sample.gt_segment_map.data[0].numpy(),
            sample.gt_segments.labels.numpy(),
            len(info['thing_classes']),
            void,
            stride,
        )[:height, :width]
        labels = draw_panoptic(
            image,
            ids,
            info['classes'],
            info['palette'],
            long_side=long_side or max(*image.shape, 640),
        )
        name = f'{number:04d}_{Path(sample.img_path).stem}.png'
        yield name, side_by_side({'input': image, 'labels': labels})


def main() -> None:
    """Load, draw, say where."""
    args = parse_args()
    if not Path(args.config).is_file():
        sys.exit(f'There is no config file {args.config}.')
    cfg = read_config(args.config)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    try:
        if args.data_root is not None:
            set_data_root(cfg, args.data_root)
        merge_options(cfg, args.cfg_options)
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    pictures = draw_samples(dataset, preprocessor, args.seed, args.long_side)
    args.out.mkdir(parents=True, exist_ok=True)
    for name, picture in islice(pictures, args.num):
        Image.fromarray(picture).save(args.out / name)
        print(f'picture     {args.out / name}')


if __name__ == '__main__':
    main()
