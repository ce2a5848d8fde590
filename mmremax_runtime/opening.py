"""Opens whatever is a model, with what it needs and no more."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from .segmenter import Segmenter

MAX_SIDE = 2**14


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add MODEL [CHECKPOINT] and how it is run; see `open_model`."""
    parser.add_argument(
        'model',
        help='a folder of `mmremax export` (needs no torch) or of '
        'save_pretrained, published weights (.safetensors), or a config, '
        'by path or by name, with its CHECKPOINT',
    )
    parser.add_argument('checkpoint', nargs='?', help='weights of a config')
    parser.add_argument(
        '--device',
        help='cpu, cuda:1, ...; of an exported model the provider, '
        'onnxruntime or openvino',
    )
    parser.add_argument(
        '--precision',
        choices=['float32', 'bfloat16'],
        default='float32',
        help='of the network (float32); bfloat16 is faster on most machines, '
        'not of onnxruntime',
    )
    parser.add_argument(
        '--score-thr',
        type=probability,
        metavar='P',
        help="class probability that a segment needs, instead of the model's "
        'thing_threshold and stuff_threshold',
    )
    parser.add_argument(
        '--palette',
        choices=['none', 'random'],
        default='none',
        help="colours of the classes, instead of the model's",
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='change keys of the config, as in '
        'model.test_cfg.overlap_threshold=0.5; a key without effect is an '
        'error',
    )


def open_model(args: argparse.Namespace) -> Segmenter:
    """Load the model of a command line, or leave with one line."""
    try:
        if (Path(args.model) / 'model.json').is_file():
            from .model import load

            if args.checkpoint is not None:
                sys.exit(f'{args.model} is exported: it takes no CHECKPOINT.')
            if args.cfg_options:
                sys.exit(
                    f'{args.model} is exported: --cfg-options are for '
                    'a config; give them to `mmremax export`.'
                )
            segmenter = load(
                args.model,
                precision=args.precision,
                **({'provider': args.device} if args.device else {}),
            )
        else:
            from mmremax.inference import Predictor
            from mmremax.utils.cli import parse_options

            segmenter = Predictor.from_pretrained(
                args.model,
                args.checkpoint,
                args.device,
                parse_options(args.cfg_options),
                args.precision,
            )
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    if args.score_thr is not None:
        if segmenter.fusion is None:
            sys.exit('--score-thr: this model has thresholds of its own.')
        segmenter.fusion = replace(
            segmenter.fusion,
            thing_threshold=args.score_thr,
            stuff_threshold=args.score_thr,
        )
    if args.palette == 'random':
        classes = segmenter.classes
        colours = np.random.default_rng(0).integers(0, 256, (len(classes), 3))
        segmenter.classes = replace(
            classes, colours=tuple(map(tuple, colours.tolist()))
        )
    return segmenter


def probability(text: str) -> float:
    """Read a number in [0, 1], for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text} is not between 0 and 1')
    return value


def count(text: str) -> int:
    """Read a whole number from 1, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return value


def side(text: str) -> int:
    """Read the side of an image in pixels, for argparse."""
    value = count(text)
    if value > MAX_SIDE:
        raise argparse.ArgumentTypeError(f'{text} is above {MAX_SIDE}')
    return value


def port(text: str) -> int:
    """Read a number of a port, for argparse."""
    value = int(text)
    if not 0 <= value < 2**16:
        raise argparse.ArgumentTypeError(f'{text} is not from 0 to 65535')
    return value


def positive(text: str) -> float:
    """Read a number above 0, for argparse."""
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return value


def seed(text: str) -> int:
    """Read a seed that every generator takes, for argparse."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f'{text} is not from 0 to 2^32 - 1')
    return value


def png(text: str) -> Path:
    """Read the name of a picture to be written, for argparse."""
    if not text.endswith('.png'):
        raise argparse.ArgumentTypeError(f'{text} does not end with .png')
    return Path(text)
