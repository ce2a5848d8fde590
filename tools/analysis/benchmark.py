r"""Time a training step, an inference or the loading; count the memory.

Several configs take their steps in turn, on the same batches, so that a busy
machine slows all of them; ratios are medians over the turns, of processor
time on a CPU. Reads the first config's data where they are there; else, or
with --shape, makes noise images with as many segments as --segments says.
Inference then merges synthetic masks, not those of random weights.

--mode data loads training samples in this process on one thread: with the
config's pipeline, with the same less what mmdet's has no counterpart of, and
with mmdet's large-scale jitter.
--mode memory counts the bytes of all tensors alive in one training step on
the CPU, which needs no GPU, and prints a row of a Markdown table: GB (2^30
bytes) before the step (weights, AdamW's state), and what it adds.

Examples:
    python tools/analysis/benchmark.py configs/kmax/kmax_r50_coco.py \
        --shape 321 321 --batch-size 2
    python tools/analysis/benchmark.py CONFIG OTHER --data-root DIR
    python tools/analysis/benchmark.py CONFIG --mode infer --json out.json
    python tools/analysis/benchmark.py CONFIG --mode data --iters 50
    python tools/analysis/benchmark.py configs/remax/remax_r50_coco.py \
        --mode memory --amp --batch-size 1
"""

import argparse
import copy
import itertools
import json
import re
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.utils.benchmark import Timer

import mmremax  # noqa: F401
from mmremax.datasets.sampler import SampleKey
from mmremax.engine.measure import (
    Stopwatch,
    TensorMemory,
    synthetic_batch,
    synthetic_logits,
)
from mmremax.utils.cli import add_config_options, open_config, use_amp
from mmremax.utils.config_edits import remove_pretrained

DEVICE = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
GIB = 2**30
ORI_SHAPE = (427, 640)  # of a made test image, before its resize
STOCK = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
Step = Callable[[object], None]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', nargs='+', help='files of configs/')
    parser.add_argument(
        '--mode', choices=['train', 'infer', 'data', 'memory'], default='train'
    )
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help="make images of this size in pixels (the config's crop)",
    )
    parser.add_argument('--batch-size', type=int, help="the config's")
    parser.add_argument(
        '--segments', type=int, default=20, help='in a made image (20)'
    )
    parser.add_argument('--iters', type=int, default=5, help='timed (5)')
    parser.add_argument('--warmup', type=int, default=1, help='untimed (1)')
    parser.add_argument(
        '--amp',
        action='store_true',
        help='float16 on CUDA, bfloat16 on the CPU',
    )
    parser.add_argument(
        '--compile',
        action='store_true',
        help='torch.compile backbone and head',
    )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the numbers to FILE'
    )
    add_config_options(parser, reads_data=True)
    return parser.parse_args()


def loader_of(cfg: Config, mode: str) -> dict:
    """Return the config of the loader whose batches are measured."""
    return cfg.test_dataloader if mode == 'infer' else cfg.train_dataloader


def is_read(cfg: Config, args: argparse.Namespace) -> bool:
    """Say whether data are read, or images made."""
    dataset = loader_of(cfg, args.mode).dataset
    files = Path(dataset.get('data_root', '')) / dataset.get('ann_file', '')
    return args.mode != 'memory' and args.shape is None and files.is_file()


def batches(cfg: Config, args: argparse.Namespace) -> Iterator[dict]:
    """Make an endless iterator of batches."""
    loader = loader_of(cfg, args.mode)
    size = args.batch_size or loader.batch_size
    if is_read(cfg, args):
        # In this process, so that the time is the loading's own.
        loader.update(batch_size=size, num_workers=0)
        for key in ('persistent_workers', 'prefetch_factor', 'pin_memory'):
            loader.pop(key, None)
        loader = Runner.build_dataloader(loader, seed=0)
        return itertools.chain.from_iterable(itertools.repeat(loader))
    strides = [
        step.get('label_stride', 4)
        for step in loader.dataset.pipeline
        if step.type == 'PackPanopticInputs'
    ]
    if not strides:
        sys.exit(
            'The data are not there, and images are made for KMaXDeepLab '
            'alone: give --data-root DIR.'
        )
    batch = synthetic_batch(
        size,
        tuple(cfg.model.data_preprocessor.crop_size),
        args.segments,
        (cfg.model.num_things_classes, cfg.model.num_stuff_classes),
        strides[0],
        ORI_SHAPE if args.mode == 'infer' else None,
    )
    return itertools.repeat(batch)


def build(cfg: Config, args: argparse.Namespace) -> nn.Module:
    """Build a network with random weights."""
    remove_pretrained(cfg)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    if args.compile:
        model.backbone.compile()
        head_of(model).compile()
    return model


def head_of(model: nn.Module) -> nn.Module:
    """Return the head of mmdet's or of mmseg's segmentor."""
    return getattr(model, 'panoptic_head', None) or model.decode_head


def optimizer_of(
    model: nn.Module, cfg: Config, args: argparse.Namespace
) -> OptimWrapper:
    """Build the config's optimiser wrapper, with an update in each step."""
    if args.amp:
        use_amp(cfg)
    cfg.optim_wrapper.pop('accumulative_counts', None)
    return build_optim_wrapper(model, cfg.optim_wrapper)


def train_step(
    cfg: Config, watch: Stopwatch, args: argparse.Namespace
) -> Step:
    """Make mmengine's training step of a config, taken apart."""
    model = build(cfg, args).to(DEVICE).train()
    wrapper = optimizer_of(model, cfg, args)
    watch.watch(head_of(model), 'loss_by_feat', 'losses')
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
    model = build(cfg, args).to(DEVICE).eval()
    if not is_read(cfg, args):
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
        with (
            watch.part('forward'),
            torch.autocast(DEVICE.type, dtype, enabled=args.amp),
        ):
            model.test_step(batch)

    return step


def loaders(
    dataset: dict, crop_size: tuple[int, int] | None = None
) -> dict[str, Callable[[int], dict]]:
    """Build what loads the i-th sample, in three ways.

    mmdet's way is the pipeline of its Mask2Former configs: annotation with
    a mask for each thing, resize, crop, flip, packing. Scales and crop are
    those of the config.

    Args:
        dataset: Config of a `PanopticDataset` for training.
        crop_size: Height and width that replace the config's.

    Returns:
        Functions of a number, by name.
    """
    dataset = copy.deepcopy(dataset)
    crop = next(t for t in dataset.pipeline if t['type'] == 'RandomScaleCrop')
    if crop_size is not None:
        crop['crop_size'] = tuple(crop_size)
    plain = [
        transform
        for transform in dataset.pipeline
        if not re.search('CopyPaste|Color|Colour', transform['type'])
    ]
    ours = {
        'as configured': DATASETS.build(dataset),
        'no copy-paste, no colors': DATASETS.build(
            dict(dataset, pipeline=plain)
        ),
    }
    metainfo = ours['as configured'].metainfo
    stock = get_config(STOCK).train_dataloader.dataset
    stock.pop('filter_cfg', None)
    stock.update(
        ann_file=dataset.ann_file,
        data_root=dataset.data_root,
        data_prefix=dict(dataset.data_prefix),
        metainfo={
            name: metainfo[name]
            for name in ('classes', 'thing_classes', 'stuff_classes')
        },
    )
    size = crop['crop_size'][::-1]
    for transform in stock.pipeline:
        if transform['type'] == 'RandomResize':
            transform.update(scale=size, ratio_range=crop['scale_range'])
        elif transform['type'] == 'RandomCrop':
            transform['crop_size'] = size
    stock = DATASETS.build(stock)
    return {
        name: lambda i, data=data: data[SampleKey(i % len(data), 0, i)]
        for name, data in ours.items()
    } | {"mmdet's large-scale jitter": lambda i: stock[i % len(stock)]}


def load_step(load: Callable[[int], dict], watch: Stopwatch, _) -> Step:
    """Make a step that loads a sample."""

    def step(index: int) -> None:
        with watch.part('sample'):
            load(index)

    return step


def measure(configs: dict[str, Config], args: argparse.Namespace) -> dict:
    """Let all runs take their steps in turn.

    Args:
        configs: By name; changed in place.
        args: The command line.

    Returns:
        `runs`: by name the :func:`summary` of each; and what was measured.
    """
    first = next(iter(configs.values()))
    ways: dict = configs
    if args.mode == 'data':
        cv2.setNumThreads(0)
        torch.set_num_threads(1)
        try:
            ways = loaders(first.train_dataloader.dataset, args.shape)
        except FileNotFoundError as error:
            sys.exit(f'--mode data reads the training data: {error}')
        inputs = itertools.count()
    else:
        inputs = batches(first, args)
    make = dict(train=train_step, infer=infer_step, data=load_step)[args.mode]
    watches = {name: Stopwatch(DEVICE) for name in ways}
    steps = [make(way, watches[name], args) for name, way in ways.items()]
    reading = Stopwatch(torch.device('cpu'))
    for _ in range(args.warmup + args.iters):
        with reading.part('data'):
            batch = next(inputs)
        for step in steps:
            step(copy.deepcopy(batch))
    shape, images = args.shape or first.model.data_preprocessor.crop_size, 1
    if args.mode != 'data':
        shape, images = batch['inputs'][0].shape[1:], len(batch['inputs'])
    if DEVICE.type == 'cuda':
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return dict(
        mode=args.mode,
        data='read'
        if args.mode == 'data' or is_read(first, args)
        else f'synthetic, {args.segments} segments',
        shape=list(shape),
        batch_size=images,
        amp=args.amp,
        compile=args.compile,
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

    Args:
        watches: Of the runs; the first is what `ratio` compares with.
        warmup: Iterations left out.
        images: Of an iteration.

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
    timer = Timer(
        'left @ right',
        globals=dict(left=left, right=right),
        num_threads=torch.get_num_threads(),
    )
    return 2 * size**3 / timer.blocked_autorange().median / 1e9


def as_table(numbers: dict) -> Table:
    """Lay the result of :func:`measure` out for a terminal."""
    height, width = numbers['shape']
    table = Table(
        title=f'{numbers["mode"]}: {numbers["batch_size"]} x 3 x {height} x '
        f'{width}, {numbers["data"]}'
    )
    table.add_column('part')
    table.add_column('seconds', justify='right')
    table.add_column('CPU seconds', justify='right')
    for name, run in numbers['runs'].items():
        table.add_row(name, style='bold')
        for part, seconds in run['seconds'].items():
            cpu = run['cpu_seconds'][part]
            table.add_row(f'  {part}', f'{seconds:.4f}', f'{cpu:.4f}')
        table.add_row('  together', f'{run["step_seconds"]:.4f}')
        table.add_row('  images per second', f'{run["images_per_second"]:.2f}')
        table.add_row('  ratio to the first', f'{run["ratio"]:.2f}')
        table.add_section()
    table.add_row('reading a batch', f'{numbers["reading_seconds"]:.4f}')
    table.add_row('peak memory', f'{numbers["peak_memory"] / GIB:.2f} GiB')
    table.add_row(
        f'matrix product, {numbers["device"]}, {numbers["threads"]} threads',
        f'{numbers["matmul_gflops"]:,.0f} GFLOP/s',
    )
    return table


def step_memory(cfg: Config, args: argparse.Namespace) -> tuple[int, int]:
    """Count the memory of a training step on synthetic images, on the CPU.

    Args:
        cfg: Of a panoptic detector.
        args: The command line.

    Returns:
        Bytes of the tensors alive before the step (weights and the state
        of the optimiser), and at most in it.
    """
    model = build(cfg, args).train()
    wrapper = optimizer_of(model, cfg, args)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    wrapper.optimizer.step()  # makes the state
    wrapper.zero_grad()
    state = [
        value
        for values in wrapper.optimizer.state.values()
        for value in values.values()
        if isinstance(value, torch.Tensor)
    ]
    batch = next(batches(cfg, args))
    lasting = [*model.parameters(), *model.buffers(), *state]
    with TensorMemory(lasting) as memory:
        fixed = memory.live
        model.train_step(batch, wrapper)
    return fixed, memory.peak


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    configs = {}
    for path in args.config:
        cfg = open_config(path, args.cfg_options, args.data_root)
        if args.shape is not None:
            cfg.model.data_preprocessor.crop_size = tuple(args.shape)
        configs[Path(path).stem] = cfg
    if args.mode == 'memory':
        numbers = {}
        for name, cfg in configs.items():
            fixed, peak = step_memory(cfg, args)
            numbers[name] = dict(fixed=fixed, peak=peak)
            added = (peak - fixed) / GIB
            print(f'| {name} | {fixed / GIB:.2f} | {added:.2f} |', flush=True)
    else:
        numbers = measure(configs, args)
        Console().print(as_table(numbers))
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(numbers, indent=2) + '\n')


if __name__ == '__main__':
    main()
