r"""Time a training step or an inference by its parts, or the loading.

Reads the config's data where they are there; else, or with --shape, draws
images with as many segments as --segments says. Inference then merges drawn
masks, not those of random weights. Weights are random.

--mode data loads training samples, in this process on one thread: the
config's pipeline, the same without what mmdet's has no counterpart of, and
mmdet's large-scale jitter.

Examples:
    python tools/analysis/benchmark.py configs/kmax/kmax_r50_coco.py \
        --mode train --shape 321 321 --batch-size 2
    python tools/analysis/benchmark.py CONFIG --mode infer --json out.json
    python tools/analysis/benchmark.py CONFIG --mode data --iters 50
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import torch
from mmdet.registry import MODELS
from mmengine.config import Config, DictAction
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table

import mmremax  # noqa: F401
from mmremax.engine.data_timing import (
    STOCK,
    loaders,
    time_loaders,
)
from mmremax.engine.step_timing import (
    Stopwatch,
    infer_step,
    train_step,
)
from mmremax.engine.synthetic import (
    DrawnLogits,
    drawn_batch,
)
from mmremax.utils.cli import apply_options
from mmremax.utils.config_edits import (
    remove_pretrained,
    set_data_root,
)
from mmremax.utils.migration import read_config
from mmremax.utils.resources import (
    PeakMemory,
    matrix_product_rate,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a file of configs/')
    parser.add_argument(
        '--mode', choices=['train', 'infer', 'data'], default='train'
    )
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help="draw images of this size in pixels (the config's crop)",
    )
    parser.add_argument(
        '--ori-shape',
        type=int,
        nargs=2,
        default=(427, 640),
        metavar=('H', 'W'),
        help='size of the drawn images before the resize, for --mode infer',
    )
    parser.add_argument('--batch-size', type=int, help="the config's")
    parser.add_argument(
        '--segments', type=int, default=20, help='in a drawn image (20)'
    )
    parser.add_argument('--iters', type=int, default=5, help='timed (5)')
    parser.add_argument('--warmup', type=int, default=1, help='untimed (1)')
    parser.add_argument('--device', help='cuda where there is one, else cpu')
    parser.add_argument(
        '--amp',
        action='store_true',
        help='float16 on CUDA, bfloat16 on the CPU',
    )
    parser.add_argument(
        '--compile', action='store_true', help='torch.compile the network'
    )
    parser.add_argument('--data-root', metavar='DIR', help='of the data')
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the numbers to FILE'
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


def batches(
    cfg: Config, args: argparse.Namespace
) -> tuple[Callable[[], dict], bool]:
    """Make what gives the next batch.

    Args:
        cfg: With data loaders.
        args: The command line.

    Returns:
        The function, and whether it reads data (or draws).
    """
    loader = cfg[
        'train_dataloader' if args.mode == 'train' else 'test_dataloader'
    ]
    size = args.batch_size or loader.batch_size
    dataset = loader.dataset
    files = Path(dataset.get('data_root', '')) / dataset.get('ann_file', '')
    if args.shape is None and files.is_file():
        # In this process, so that the time is the loading's own.
        loader.update(batch_size=size, num_workers=0)
        for key in ('persistent_workers', 'prefetch_factor', 'pin_memory'):
            loader.pop(key, None)
        iterator = endless(Runner.build_dataloader(loader, seed=0))
        return lambda: next(iterator), True
    shape = tuple(cfg.model.data_preprocessor.crop_size)
    num_classes = (cfg.model.num_things_classes, cfg.model.num_stuff_classes)
    batch = drawn_batch(
        size,
        shape,
        args.segments,
        num_classes,
        tuple(args.ori_shape),
        is_test=args.mode == 'infer',
        label_stride=label_stride(dataset.pipeline),
    )
    return lambda: dict(batch), False


def label_stride(pipeline: list[dict]) -> int:
    """Read the stride of the labels from what packs them."""
    packing = next(s for s in pipeline if s['type'] == 'PackPanopticInputs')
    return packing.get('label_stride', 4)


def endless(loader) -> Iterator[dict]:
    """Start a finite loader again when it ends."""
    while True:
        yield from loader


def measure(cfg: Config, args: argparse.Namespace) -> dict:
    """Build the model, run the steps and collect the numbers.

    Args:
        cfg: Changed in place.
        args: The command line.

    Returns:
        Median seconds of each part of a step (``seconds``), images per
        second without the data part's time, memory in bytes, and what it
        was measured on.
    """
    device = torch.device(
        args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    )
    if args.shape is not None:
        cfg.model.data_preprocessor.crop_size = tuple(args.shape)
    next_batch, is_read = batches(cfg, args)
    model = MODELS.build(cfg.model)
    model.to(device).train(args.mode == 'train')
    if args.compile:
        model.backbone.compile()
        model.panoptic_head.compile()
    dtype = torch.float16 if device.type == 'cuda' else torch.bfloat16

    def autocast() -> torch.autocast:
        return torch.autocast(device.type, dtype, enabled=args.amp)

    if args.mode == 'train':
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
        step = partial(train_step, model, next_batch, optimizer)
    else:
        edit = None if is_read else DrawnLogits(model, args.segments)
        step = partial(infer_step, model, next_batch, edit)

    watch = Stopwatch(device)
    with PeakMemory(device) as memory:
        for _ in range(args.warmup):
            step(Stopwatch(device), autocast)
        for _ in range(args.iters):
            images = step(watch, autocast)
    seconds = {name: median(values) for name, values in watch.seconds.items()}
    busy = sum(seconds.values()) - seconds['data']
    return dict(
        config=args.config,
        mode=args.mode,
        data='read' if is_read else f'drawn, {args.segments} segments',
        shape=list(cfg.model.data_preprocessor.crop_size),
        batch_size=images,
        amp=args.amp,
        compile=args.compile,
        seconds=seconds,
        step_seconds=busy,
        images_per_second=images / busy,
        peak_memory=memory.peak,
        memory_before=memory.before,
        matmul_gflops=matrix_product_rate(device),
        device=str(device),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
    )


def measure_data(cfg: Config, args: argparse.Namespace) -> dict:
    """Time the training pipeline beside mmdet's.

    Args:
        cfg: With data that are there.
        args: The command line.

    Returns:
        As of :func:`time_loaders` (``loaders``), and what was measured.
    """
    try:
        ways = loaders(cfg.train_dataloader.dataset, args.shape)
    except FileNotFoundError as error:
        sys.exit(f'--mode data reads the training data: {error}')
    return dict(
        config=args.config,
        mode=args.mode,
        shape=args.shape or list(cfg.model.data_preprocessor.crop_size),
        samples=args.iters,
        loaders=time_loaders(ways, args.iters, args.warmup),
    )


def data_table(numbers: dict) -> Table:
    """Lay the result of :func:`measure_data` out for a terminal."""
    table = Table(
        title=f'{numbers["samples"]} training samples of '
        f'{numbers["shape"][0]} x {numbers["shape"][1]}'
    )
    table.add_column('pipeline')
    for name in ('wall ms', 'CPU ms', 'samples / core s', 'x mmdet'):
        table.add_column(name, justify='right')
    stock = numbers['loaders'][STOCK]['cpu_seconds']
    for name, spent in numbers['loaders'].items():
        table.add_row(
            name,
            f'{1e3 * spent["wall_seconds"]:.1f}',
            f'{1e3 * spent["cpu_seconds"]:.1f}',
            f'{spent["samples_per_core_second"]:.1f}',
            f'{stock / spent["cpu_seconds"]:.2f}',
        )
    return table


def as_table(numbers: dict) -> Table:
    """Lay the result of :func:`measure` out for a terminal."""
    table = Table(
        title=f'{numbers["mode"]}: {numbers["batch_size"]} x 3 x '
        f'{numbers["shape"][0]} x {numbers["shape"][1]}, {numbers["data"]}'
    )
    table.add_column('part')
    table.add_column('seconds', justify='right')
    for name, value in numbers['seconds'].items():
        table.add_row(name, f'{value:.3f}')
    table.add_section()
    table.add_row('step without data', f'{numbers["step_seconds"]:.3f}')
    table.add_row('images per second', f'{numbers["images_per_second"]:.2f}')
    gib = numbers['peak_memory'] / 2**30
    added = gib - numbers['memory_before'] / 2**30
    table.add_row('peak memory', f'{gib:.2f} GiB')
    table.add_row('  of it for the steps', f'{added:.2f} GiB')
    table.add_row(
        f'matrix product, {numbers["device"]}, {numbers["threads"]} threads',
        f'{numbers["matmul_gflops"]:,.0f} GFLOP/s',
    )
    return table


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    cfg = read_config(args.config)
    apply_options(cfg, args.cfg_options)
    if args.data_root is not None:
        set_data_root(cfg, args.data_root)
    remove_pretrained(cfg)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    if args.mode == 'data':
        numbers = measure_data(cfg, args)
        Console().print(data_table(numbers))
    else:
        numbers = measure(cfg, args)
        Console().print(as_table(numbers))
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(numbers, indent=2) + '\n')


if __name__ == '__main__':
    main()
