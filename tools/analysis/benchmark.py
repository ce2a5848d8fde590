r"""Time a training step or an inference.

Several configs take their steps in turn, on the same batches, so that a busy
machine slows all of them; ratios are medians over the turns, of processor
time on a CPU. Reads the first config's data where they are there; else, or
with --shape, makes noise images with as many segments as --segments says.
Inference then merges synthetic masks, not those of random weights.

Examples:
    python tools/analysis/benchmark.py CONFIG OTHER --data-root DIR
    python tools/analysis/benchmark.py CONFIG --mode infer --json out.json
"""

import argparse
import copy
import itertools
import json
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.benchmark import Timer

import mmremax  # noqa: F401
from mmremax.engine.channels_last import (
    put_channels_last,
    puts_channels_last,
)
from mmremax.engine.measure import (
    Stopwatch,
    build_with_optimizer,
    synthetic_batch,
    synthetic_logits,
)
from mmremax.utils.cli import (
    add_config_options,
    names_of,
    open_config,
    use_amp,
)
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs, write_text
from mmremax_runtime.opening import count, side

DEVICE = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
GIB = 2**30
ORI_SHAPE = (427, 640)  # of a made test image, before its resize
Step = Callable[[object], None]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', nargs='+', help='files of configs/')
    add('--mode', choices=['train', 'infer'], default='train')
    text = "make images of this size in pixels (the config's crop)"
    add('--shape', type=side, nargs=2, metavar=('H', 'W'), help=text)
    add('--batch-size', type=count, help="the config's")
    add('--segments', type=count, default=20, help='in a made image (20)')
    add('--iters', type=count, default=5, help='timed (5)')
    add('--warmup', type=count, default=1, help='untimed (1)')
    text = 'float16 on CUDA, bfloat16 on the CPU'
    add('--amp', action='store_true', help=text)
    add('--json', type=Path, metavar='FILE', help='write the numbers to FILE')
    add_config_options(parser, reads_data=True)
    return parser.parse_args()


def loader_of(cfg: Config, args: argparse.Namespace) -> tuple[dict, bool]:
    """Return whose batches are measured, and whether its data are read."""
    is_test = args.mode == 'infer'
    loader = cfg.test_dataloader if is_test else cfg.train_dataloader
    dataset = loader.dataset
    file = Path(dataset.get('data_root', ''), dataset.get('ann_file', ''))
    return loader, file.is_file() and args.shape is None


def batches(cfg: Config, args: argparse.Namespace) -> Iterator[dict]:
    """Make an endless iterator of batches."""
    loader, is_read = loader_of(cfg, args)
    size = args.batch_size or loader.batch_size
    if is_read:
        # In this process, so that the time is the loading's own.
        for key in ('persistent_workers', 'prefetch_factor', 'pin_memory'):
            loader.pop(key, None)
        loader.update(batch_size=size, num_workers=0)
        loader = Runner.build_dataloader(loader, seed=0)
        return itertools.chain.from_iterable(itertools.repeat(loader))
    packing = loader.dataset.pipeline[-1]
    if packing.type != 'PackPanopticInputs':
        sys.exit(
            'The data are not there, and images are made for KMaXDeepLab '
            'alone: give --data-root DIR.'
        )
    batch = synthetic_batch(
        size,
        tuple(cfg.model.data_preprocessor.crop_size),
        args.segments,
        (cfg.model.num_things_classes, cfg.model.num_stuff_classes),
        packing.get('label_stride', 4),
        ORI_SHAPE if args.mode == 'infer' else None,
    )
    return itertools.repeat(batch)


def build(
    cfg: Config, args: argparse.Namespace
) -> tuple[nn.Module, OptimWrapper]:
    """Build a network as it is trained, with random weights."""
    if args.amp:
        use_amp(cfg)
    model, wrapper = build_with_optimizer(cfg)
    if DEVICE.type == 'cpu' and puts_channels_last(cfg):
        put_channels_last(model)
    return model, wrapper


def train_step(
    cfg: Config, watch: Stopwatch, args: argparse.Namespace
) -> Step:
    """Make mmengine's training step of a config, taken apart."""
    model, wrapper = build(cfg, args)
    model.to(DEVICE).train()
    head = getattr(model, 'panoptic_head', None) or model.decode_head
    watch.watch(head, 'loss_by_feat', 'losses')
    watch.watch(wrapper, 'backward', 'backward')
    watch.watch(wrapper, 'step', 'optimizer')

    def step(batch: dict) -> None:
        with watch.part('forward'):
            model.train_step(batch, wrapper)

    return step


def infer_step(
    cfg: Config, watch: Stopwatch, args: argparse.Namespace
) -> Step:
    """Make mmengine's test step of a config, taken apart."""
    model = build(cfg, args)[0].to(DEVICE).eval()
    if not loader_of(cfg, args)[1]:
        head = model.panoptic_head
        counts = head.num_things_classes, head.num_stuff_classes
        predict, made = head.predict, []

        def predict_synthetic(*inputs):
            logits = predict(*inputs)
            if not made:  # in the first step, which warms up
                made.extend(synthetic_logits(*logits, args.segments, counts))
            return tuple(made)

        head.predict = predict_synthetic
    watch.watch(model.panoptic_fusion_head, 'predict', 'post-processing')
    dtype = torch.float16 if DEVICE.type == 'cuda' else torch.bfloat16

    @torch.no_grad()
    def step(batch: dict) -> None:
        amp = torch.autocast(DEVICE.type, dtype, enabled=args.amp)
        with watch.part('forward'), amp:
            model.test_step(batch)

    return step


def measure(configs: dict[str, Config], args: argparse.Namespace) -> dict:
    """Let all runs take their steps in turn, on the first config's data.

    Returns:
        `runs`: by name the :func:`summaries`; and what was measured.
    """
    first = next(iter(configs.values()))
    inputs = batches(first, args)
    make = dict(train=train_step, infer=infer_step)[args.mode]
    watches = {name: Stopwatch(DEVICE) for name in configs}
    steps = [make(cfg, watches[name], args) for name, cfg in configs.items()]
    reading = Stopwatch(torch.device('cpu'))
    for _ in range(args.warmup + args.iters):
        with reading.part('data'):
            batch = next(inputs)
        for step in steps:
            step(copy.deepcopy(batch))
    is_read = loader_of(first, args)[1]
    shape, images = batch['inputs'][0].shape[1:], len(batch['inputs'])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if DEVICE.type == 'cuda':
        peak = torch.cuda.max_memory_allocated()
    return dict(
        mode=args.mode,
        data='read' if is_read else f'synthetic, {args.segments} segments',
        shape=list(shape),
        batch_size=images,
        amp=args.amp,
        reading_seconds=float(np.median(reading.spent['data'], 0)[0]),
        runs=summaries(watches, args.warmup, images),
        peak_memory=peak,
        matmul_gflops=matrix_product_rate(),
        device=str(DEVICE),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
    )


def summaries(
    watches: dict[str, Stopwatch], warmup: int, images: int
) -> dict[str, dict]:
    """Sum runs up, by name.

    Returns:
        Medians over the iterations: `seconds` and `cpu_seconds` by part,
        `step_seconds`; `images_per_second`; `ratio` (of processor time
        on a CPU) to the first run.
    """
    result, first = {}, None
    for name, watch in watches.items():
        # (parts, iterations, 2: clock and processor)
        spent = np.array(list(watch.spent.values()))[:, warmup:]
        totals = spent.sum(0)[:, 0 if DEVICE.type == 'cuda' else 1]
        first = totals if first is None else first
        clock, cpu = np.median(spent, 1).T.tolist()
        result[name] = dict(
            seconds=dict(zip(watch.spent, clock, strict=True)),
            cpu_seconds=dict(zip(watch.spent, cpu, strict=True)),
            step_seconds=sum(clock),
            images_per_second=images / sum(clock),
            ratio=float(np.median(totals / first)),
        )
    return result


def matrix_product_rate(size: int = 2048) -> float:
    """Measure float32 matrix products, in GFLOP/s."""
    left, right = torch.rand(2, size, size, device=DEVICE)
    how = dict(num_threads=torch.get_num_threads())
    timer = Timer('left @ right', globals=dict(left=left, right=right), **how)
    return 2 * size**3 / timer.blocked_autorange().median / 1e9


def show(numbers: dict) -> None:
    """Print the result of :func:`measure`: seconds, and the processor's."""
    for name, value in numbers.items():
        if name not in ('runs', 'peak_memory'):
            print(f'{name:16} {value}')
    print(f'{"peak_memory":16} {numbers["peak_memory"] / GIB:.2f} GiB')
    for name, run in numbers['runs'].items():
        print(f'\n{name}: {run["images_per_second"]:.2f} images per second')
        parts = pd.DataFrame({k: run[k] for k in ('seconds', 'cpu_seconds')})
        print(parts.to_string(float_format='{:.4f}'.format))
        print(f'together {run["step_seconds"]:.4f}, ratio {run["ratio"]:.2f}')


@tool()
def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    check_outputs(args.json, reads=args.config)
    configs = {}
    for name, path in zip(names_of(args.config), args.config, strict=True):
        cfg = open_config(path, args.cfg_options, args.data_root)
        if args.shape is not None:
            cfg.model.data_preprocessor.crop_size = tuple(args.shape)
        configs[name] = cfg
    numbers = measure(configs, args)
    show(numbers)
    if args.json is not None:
        write_text(args.json, json.dumps(numbers, indent=2) + '\n')


if __name__ == '__main__':
    main()
