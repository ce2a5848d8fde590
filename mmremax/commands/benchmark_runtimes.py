r"""Time a model and its export side by side, and compare their maps.

Processor time of the given threads, from an image in memory to its segments;
the ways take their turns on each image, so a busy machine slows all of them.
"eager" is PyTorch. Cold start and memory are those of a process that loads
the export and segments one image; it never imports torch.

Examples:
    mmremax benchmark-runtimes demo/nuclei/model.safetensors \
        --exported exported --images demo/nuclei/sample/images
    mmremax benchmark-runtimes demo/nuclei/model.safetensors \
        --exported exported --data-root data/stage1_train
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from mmremax_runtime.files import check_outputs, write_text
from mmremax_runtime.images import list_images, read_image
from mmremax_runtime.opening import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument('model', help='as `mmremax export` takes it')
    parser.add_argument('checkpoint', nargs='?', help='weights of a config')
    parser.add_argument(
        '--exported',
        type=Path,
        required=True,
        nargs='+',
        metavar='DIR',
        help='folders of `mmremax export`, of this model',
    )
    parser.add_argument(
        '--images',
        type=Path,
        metavar='DIR',
        help='a folder of images (made pictures)',
    )
    parser.add_argument(
        '--data-root',
        metavar='DIR',
        help="also PQ, on the test data of the model's config",
    )
    parser.add_argument('--num', type=count, default=4, help='images (4)')
    parser.add_argument('--rounds', type=count, default=5, help='of each (5)')
    parser.add_argument('--threads', type=count, default=1, help='(1)')
    parser.add_argument('--json', type=Path, metavar='FILE')


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    import torch

    from mmremax.export.benchmark import (
        cold_start,
        cpu,
        measure,
        table,
        ways_of,
    )
    from mmremax.export.check import check_images
    from mmremax.export.scoring import open_data, score
    from mmremax.inference import Predictor

    check_outputs(args.json, reads=(args.model, args.checkpoint))
    torch.set_num_threads(args.threads)
    try:
        predictor = Predictor.from_pretrained(
            args.model, args.checkpoint, 'cpu'
        )
        ways = ways_of(predictor, args.exported, args.threads)
        if args.data_root is not None:
            cfg = predictor.model.cfg
            data = open_data(cfg, 'test_dataloader', args.data_root)
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if args.images is None:
        images = check_images(predictor.model)
    else:
        paths = list_images(args.images)[: args.num]
        images = [read_image(path) for path in paths]
    numbers = measure(ways, images, args.rounds)
    for name, way in ways.items():
        if way.folder is not None:
            numbers[name] |= cold_start(way, images[0].shape, args.threads)
    if args.data_root is not None:
        for name, way in ways.items():
            numbers[name]['PQ'] = score(way.segment, data)['PQ']
    sizes = ', '.join(f'{i.shape[1]} x {i.shape[0]}' for i in images)
    print(f'{cpu()}; threads: {args.threads}; images: {sizes}\n')
    print(table(numbers))
    if args.json is not None:
        write_text(args.json, json.dumps(numbers, indent=1))
    return 0
