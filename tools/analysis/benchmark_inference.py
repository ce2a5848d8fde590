"""Time the network in eager mode, compiled, channels last, in 16 bits.

All ways take the same weights and the same synthetic image in turn; the
post-processing is not timed. Prints Markdown: seconds (of the processor on a
CPU, of all its threads), how many times as fast as eager mode, the time of
the first call, and the pixels whose largest mask logit is another query's.

Example:
    python tools/analysis/benchmark_inference.py \
        configs/remax/remax-t_mnv3-s_coco.py
"""

import argparse
import copy
import itertools
from collections.abc import Callable
from contextlib import nullcontext

import benchmark
import numpy as np
import torch
from benchmark import DEVICE
from torch import Tensor, nn

from mmremax.engine.measure import Stopwatch
from mmremax.utils.tool import tool
from mmremax_runtime.opening import count

HALF = torch.float16 if DEVICE.type == 'cuda' else torch.bfloat16
OPTIONS = ('compile', 'channels last', str(HALF).removeprefix('torch.'))


def network(model: nn.Module, options: tuple[str, ...]) -> Callable:
    """Make a function from images to logits, in one of the ways."""
    model = copy.deepcopy(model)
    compiles, is_last, is_half = (option in options for option in OPTIONS)
    layout = torch.channels_last if is_last else torch.contiguous_format
    model.to(memory_format=layout)

    def forward(images: Tensor) -> tuple[Tensor, Tensor]:
        return model.panoptic_head.predict(model.extract_feat(images))

    if compiles:
        forward = torch.compile(forward)

    @torch.inference_mode()
    def run(images: Tensor) -> tuple[Tensor, Tensor]:
        images = images.contiguous(memory_format=layout)
        amp = torch.autocast(DEVICE.type, HALF) if is_half else nullcontext()
        with amp:
            return forward(images)

    return run


@tool()
def main() -> None:
    """Take turns and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', help='of configs/kmax or configs/remax')
    text = "size of the image in pixels (the config's crop)"
    add('--shape', type=count, nargs=2, metavar=('H', 'W'), help=text)
    add('--batch-size', type=count, default=1, help='images at a time (1)')
    add('--iters', type=count, default=5, help='timed (5)')
    text = 'leave this way of running out (may be repeated)'
    add('--without', action='append', default=[], choices=OPTIONS, help=text)
    args = parser.parse_args()
    args.mode, args.segments, args.amp = 'infer', 20, False
    cfg = benchmark.open_config(args.config, {}, None)
    if args.shape is not None:
        cfg.model.data_preprocessor.crop_size = tuple(args.shape)
    args.shape = cfg.model.data_preprocessor.crop_size
    batch = next(benchmark.batches(cfg, args))
    model = benchmark.build(cfg, args)[0].to(DEVICE).eval()
    images = model.data_preprocessor(batch)['inputs']
    known = [option for option in OPTIONS if option not in args.without]
    ways = [
        options
        for number in range(len(known) + 1)
        for options in itertools.combinations(known, number)
    ]
    runs = [network(model, options) for options in ways]
    watch = Stopwatch(DEVICE)
    nearest = []
    for run, options in zip(runs, ways, strict=True):
        with watch.part(f'first {options}'):
            nearest.append(run(images)[1].argmax(1))
        run(images)
    for _ in range(args.iters):
        for run, options in zip(runs, ways, strict=True):
            with watch.part(str(options)):
                run(images)
    clock = 0 if DEVICE.type == 'cuda' else 1
    print('| network | s | x | first call, s | pixels that differ |')
    print('|---|---|---|---|---|')
    eager = np.array(watch.spent[str(())])[:, clock]
    for options, found in zip(ways, nearest, strict=True):
        spent = np.array(watch.spent[str(options)])[:, clock]
        first = watch.spent[f'first {options}'][0][0]
        differ = float((found != nearest[0]).float().mean())
        print(
            f'| {" + ".join(options) or "eager"} | {np.median(spent):.3f} | '
            f'{np.median(eager / spent):.2f} | {first:.1f} | {differ:.1e} |'
        )


if __name__ == '__main__':
    main()
