r"""Write a model as ONNX, to run without torch.

DIR gets model.onnx and model.json. The graph is compared with the model
in ONNX Runtime before it is put there. float16 and int8 can cost quality:
where --data-root has the data, it is measured.

Examples:
    mmremax export demo/nuclei/model.safetensors --out exported
    mmremax export CONFIG CHECKPOINT --out small --precision int8 \
        --data-root data/stage1_train
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmremax_runtime.images import list_images, read_image
from mmremax_runtime.opening import count

if TYPE_CHECKING:
    from mmremax.datasets import PanopticDataset
    from mmremax.inference import Predictor

PRECISIONS = ('float32', 'float16', 'int8')
MAX_LOSS = 1.0  # of PQ
NUM_COMPARED = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    from mmremax.utils.cli import add_config_options

    parser.add_argument(
        'model',
        help='a folder of save_pretrained, published weights (.safetensors), '
        'or a config with its CHECKPOINT',
    )
    parser.add_argument('checkpoint', nargs='?', help='weights of a config')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR')
    parser.add_argument(
        '--images',
        type=Path,
        metavar='DIR',
        help=f'compare on the first {NUM_COMPARED} of it (made pictures)',
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default='float32',
        help='float16: of the stored weights; int8: of the convolutions',
    )
    parser.add_argument(
        '--calibrate',
        type=Path,
        metavar='DIR',
        help="pictures for the ranges of int8 (the data's, of training)",
    )
    parser.add_argument(
        '--num', type=count, default=32, help='pictures to calibrate on (32)'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='DIR may hold an export'
    )
    add_config_options(parser, reads_data=True)


def run(args: argparse.Namespace) -> int:
    """Export, compare, and score if the data are given."""
    from mmremax.utils.safe_loading import safe_loading

    with safe_loading():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    from mmremax.export import export_model
    from mmremax.export.scoring import open_data
    from mmremax.inference import Predictor

    try:
        predictor = Predictor.from_pretrained(
            args.model, args.checkpoint, 'cpu', args.cfg_options
        )
        images = None
        if args.images is not None:
            paths = list_images(args.images)[:NUM_COMPARED]
            images = [read_image(path) for path in paths]
        data = None
        if args.data_root is not None and args.precision != 'float32':
            cfg = predictor.model.cfg
            data = open_data(cfg, 'test_dataloader', args.data_root)
        check = export_model(
            predictor,
            args.out,
            images,
            args.precision,
            _converter(args, predictor),
            args.overwrite,
        )
    except (RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'equal       {check}')
    print(f'model       {args.out}, {args.precision}')
    if args.precision != 'float32':
        _score(args, predictor, data)
    return 0


def _converter(args: argparse.Namespace, predictor: Predictor) -> object:
    """Choose what makes the graph smaller."""
    from mmremax.export.precision import Quantise, store_float16
    from mmremax.export.scoring import open_data

    if args.precision == 'float16':
        return store_float16
    if args.precision == 'float32':
        return None
    if args.calibrate is not None:
        paths = list_images(args.calibrate)
    elif args.data_root is not None:
        data = open_data(
            predictor.model.cfg, 'train_dataloader', args.data_root
        )
        paths = [data.get_data_info(i)['img_path'] for i in range(len(data))]
    else:
        raise ValueError(
            '--precision int8 needs pictures: --data-root DIR of the data, '
            'or --calibrate DIR.'
        )
    paths = paths[:: max(1, len(paths) // args.num)][: args.num]
    return Quantise([read_image(path) for path in paths])


def _score(
    args: argparse.Namespace,
    predictor: Predictor,
    data: PanopticDataset | None,
) -> None:
    """Print what the precision costs, or that nobody knows."""
    from mmremax.export.scoring import score
    from mmremax_runtime.model import load

    if data is None:
        print(
            f'{args.precision} may cost quality: it was not measured. '
            '--data-root DIR does.'
        )
        return
    before, after = (
        score(lambda image, way=way: way.segment([image])[0], data)['PQ']
        for way in (predictor, load(args.out))
    )
    print(f'PQ          {before:.2f} float32, {after:.2f} {args.precision}')
    if before - after > MAX_LOSS:
        print(
            f'WARNING: {args.precision} loses {before - after:.2f} PQ on '
            f'{len(data)} images.'
        )
