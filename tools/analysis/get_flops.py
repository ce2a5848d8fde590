"""Count parameters and multiply-adds of models.

Multiply-adds are those of convolutions and matrix products that inference of
one image executes; norms, activations and resizes are left out, as in the
papers. They are counted from shapes alone: no size needs memory or time.
Parameters are also given without the training-only branches. One config
gives a table of its parts; several give a Markdown row each.

Examples:
    python tools/analysis/get_flops.py configs/remax/remax_r50_coco.py
    python tools/analysis/get_flops.py configs/remax/*.py
"""

import argparse
import copy
import json
import sys
from pathlib import Path

import torch
from mmdet.registry import MODELS
from rich.console import Console
from rich.table import Table
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

import mmremax  # noqa: F401
from mmremax.utils.checkpoint import is_training_only
from mmremax.utils.cli import add_config_options, names_of, open_config
from mmremax.utils.config_edits import remove_pretrained
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs, write_text
from mmremax_runtime.opening import side


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', nargs='+', help='files of configs/')
    parser.add_argument(
        '--shape',
        type=side,
        nargs=2,
        metavar=('H', 'W'),
        help="input size in pixels (the config's crop)",
    )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the numbers to FILE'
    )
    add_config_options(parser)
    return parser.parse_args()


def count_macs(model: nn.Module, shape: tuple[int, int]) -> dict[str, int]:
    """Count the multiply-adds of one image, without computing it.

    Args:
        model: A detector, in evaluation mode.
        shape: (height, width) in pixels.

    Returns:
        Multiply-adds by module name; the whole has the empty name.
    """
    model = copy.deepcopy(model).cpu().requires_grad_(False)
    counter = FlopCounterMode(display=False)
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    with fake, counter, torch.no_grad():
        model(torch.zeros(1, 3, *shape))
    root = type(model).__name__
    macs = {
        name.removeprefix(f'{root}.'): sum(flops.values()) // 2
        for name, flops in counter.get_flop_counts().items()
    }
    macs[''] = macs.pop('Global')
    return macs


def split_parts(model: nn.Module) -> dict[str, nn.Module]:
    """List the parts of a detector: its children, and the head's.

    Args:
        model: A detector.

    Returns:
        Modules with parameters, by name.
    """
    children = dict(model.named_children())
    head = children.pop('panoptic_head', None)
    if head is not None:
        for name, part in head.named_children():
            children[f'panoptic_head.{name}'] = part
    return {
        name: part
        for name, part in children.items()
        if any(True for _ in part.parameters())
    }


def measure(model: nn.Module, shape: tuple[int, int]) -> dict:
    """Count everything.

    Args:
        model: A detector.
        shape: (height, width) of the input in pixels.

    Returns:
        ``params_train``, ``params_inference``, ``macs``, ``shape`` and
        ``parts``: for each its ``params``, ``macs`` and ``training_only``.
    """
    macs = count_macs(model.eval(), shape)
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    inference = {k: n for k, n in sizes.items() if not is_training_only(k)}
    parts = {
        name: dict(
            params=sum(p.numel() for p in part.parameters()),
            macs=macs.get(name, 0),
            training_only=is_training_only(f'{name}.'),
        )
        for name, part in split_parts(model).items()
    }
    return dict(
        params_train=sum(sizes.values()),
        params_inference=sum(inference.values()),
        macs=macs[''],
        shape=list(shape),
        parts=parts,
    )


def as_table(numbers: dict) -> Table:
    """Lay the result of :func:`measure` out for a terminal."""
    height, width = numbers['shape']
    table = Table(title=f'1 x 3 x {height} x {width}')
    table.add_column('part')
    table.add_column('parameters', justify='right')
    table.add_column('multiply-adds', justify='right')
    for name, part in numbers['parts'].items():
        macs = f'{part["macs"] / 1e9:.2f} G'
        if part['training_only']:
            macs = 'training only'
        table.add_row(name, f'{part["params"]:,}', macs)
    table.add_section()
    macs = f'{numbers["macs"] / 1e9:.2f} G'
    table.add_row('inference', f'{numbers["params_inference"]:,}', macs)
    table.add_row('training', f'{numbers["params_train"]:,}', '')
    return table


def as_row(path: str, numbers: dict) -> str:
    """Lay the result of :func:`measure` out as a Markdown row."""
    height, width = numbers['shape']
    return (
        f'| [{Path(path).stem}](../{path}) | {height} x {width} '
        f'| {numbers["params_inference"]:,} | {numbers["macs"] / 1e9:.1f} G |'
    )


@tool()
def main() -> None:
    """Build the models, count, print and write."""
    args = parse_args()
    check_outputs(args.json, reads=args.config)
    results = {}
    for name, path in zip(names_of(args.config), args.config, strict=True):
        cfg = open_config(path, args.cfg_options)
        remove_pretrained(cfg)
        shape = args.shape or cfg.model.data_preprocessor.get('crop_size')
        if shape is None:
            sys.exit(f'{path} has no crop_size: give --shape H W.')
        numbers = measure(MODELS.build(cfg.model), tuple(shape))
        results[name] = numbers
        if len(args.config) == 1:
            Console().print(as_table(numbers))
        else:
            print(as_row(path, numbers), flush=True)
    if args.json is not None:
        write_text(args.json, json.dumps(results, indent=2) + '\n')


if __name__ == '__main__':
    main()
