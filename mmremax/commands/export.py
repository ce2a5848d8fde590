"""Write a model as ONNX, to run without torch.

DIR gets model.onnx and model.json. The graph is compared with the model
in ONNX Runtime before it is put there.

Examples:
    mmremax export demo/nuclei/model.safetensors --out exported
    mmremax export CONFIG CHECKPOINT --out exported --images DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmremax_runtime.images import list_images, read_image

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
        '--overwrite', action='store_true', help='DIR may hold an export'
    )
    add_config_options(parser)


def run(args: argparse.Namespace) -> int:
    """Export and compare."""
    from mmremax.export import export_model
    from mmremax.inference import Predictor

    try:
        images = None
        if args.images is not None:
            paths = list_images(args.images)[:NUM_COMPARED]
            images = [read_image(path) for path in paths]
        predictor = Predictor.from_pretrained(
            args.model, args.checkpoint, 'cpu', args.cfg_options
        )
        check = export_model(predictor, args.out, images, args.overwrite)
    except (OSError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'equal       {check}')
    print(f'model       {args.out}')
    return 0
