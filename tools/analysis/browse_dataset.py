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
from itertools import islice
from pathlib import Path

import numpy as np
from mmdet.registry import DATASETS, MODELS
from mmengine.dataset import BaseDataset, pseudo_collate
from PIL import Image
from torch import nn

from mmremax.datasets import PackPanopticInputs, SeededInfiniteSampler
from mmremax.datasets.sampler import SampleKey
from mmremax.utils.cli import add_config_options, open_config
from mmremax.utils.tool import each, tool
from mmremax.visualization import draw_panoptic, encode_grid, side_by_side
from mmremax_runtime.files import write_files
from mmremax_runtime.opening import count, seed, side


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
    parser.add_argument('--num', type=count, default=8, help='samples (8)')
    parser.add_argument('--seed', type=seed, default=0, help='of the run (0)')
    parser.add_argument(
        '--long-side',
        type=side,
        help="pixels of each panel's long side (the input's, 640 at least)",
    )
    add_config_options(parser, reads_data=True)
    return parser.parse_args()


def packing_of(dataset: BaseDataset) -> PackPanopticInputs:
    """Find the step that makes the labels of a pipeline."""
    steps = dataset.pipeline.transforms
    for step in steps:
        if isinstance(step, PackPanopticInputs):
            return step
    raise ValueError(
        'Only samples of PackPanopticInputs are drawn, those of configs/kmax '
        f'and remax; this pipeline ends with {type(steps[-1]).__name__}.'
    )


def draw_sample(
    dataset: BaseDataset,
    preprocessor: nn.Module,
    item: dict,
    long_side: int | None,
) -> tuple[str, np.ndarray]:
    """Draw a packed sample.

    Args:
        dataset: Where it is from, for training.
        preprocessor: A `KMaXDataPreprocessor`.
        item: The sample.
        long_side: Pixels of a panel's long side; None is the input's own,
            but so many that names stay legible.

    Returns:
        Name of its image, and an RGB picture. uint8.
    """
    info = dataset.metainfo
    void = len(info['classes'])
    stride = packing_of(dataset).label_stride
    batch = preprocessor(pseudo_collate([item]), training=True)
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
    picture = side_by_side({'input': image, 'labels': labels})
    return Path(sample.img_path).stem, picture


@tool()
def main() -> None:
    """Load, draw, say where."""
    args = parse_args()
    cfg = open_config(args.config, args.cfg_options, args.data_root)
    try:
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        packing_of(dataset)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    keys = islice(SeededInfiniteSampler(dataset, seed=args.seed), args.num)

    def show(place: tuple[int, SampleKey]) -> None:
        number, key = place
        stem, picture = draw_sample(
            dataset, preprocessor, dataset[key], args.long_side
        )
        path = args.out / f'{number:04d}_{stem}.png'
        with write_files(path) as (part,):
            Image.fromarray(picture).save(part)
        print(f'picture     {path}')

    each(enumerate(keys), show)


if __name__ == '__main__':
    main()
