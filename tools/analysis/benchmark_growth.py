"""Measure how the time of each part grows with size, queries and segments.

Varies one number at a time, on synthetic images of a kMaX-DeepLab or ReMaX
config, and prints Markdown: processor milliseconds of the parts, and the
exponent of their growth from the first to the last value (1 is linear). A
side counts as its pixels, so that 1 is linear in pixels.

Example:
    OMP_NUM_THREADS=1 python tools/analysis/benchmark_growth.py \
        configs/remax/remax-t_mnv3-s_coco.py
"""

import argparse
import math
from pathlib import Path

import benchmark
import pandas as pd

from mmremax.utils.tool import tool
from mmremax_runtime.opening import count

VALUES = dict(
    side=(321, 481, 641, 961, 1281),
    queries=(32, 64, 128, 256, 512),
    segments=(5, 20, 50, 100, 200),
    images=(1, 2, 4, 8),
)
START = dict(side=321, queries=256, segments=20, images=1)


def milliseconds(path: str, iters: int, size: dict) -> dict[str, float]:
    """Measure a training step and an inference, by their parts."""
    found = {}
    for mode in ('train', 'infer'):
        cfg = benchmark.open_config(path, {}, None)
        shape = (size['side'], size['side'])
        cfg.model.data_preprocessor.crop_size = shape
        benchmark.ORI_SHAPE = shape  # of the image that is merged
        decoder = cfg.model.panoptic_head.transformer_decoder
        decoder.num_queries = size['queries']
        args = argparse.Namespace(
            mode=mode,
            shape=shape,
            batch_size=size['images'],
            segments=size['segments'],
            iters=iters,
            warmup=1,
            amp=False,
        )
        (run,) = benchmark.measure({'': cfg}, args)['runs'].values()
        times = run['cpu_seconds']
        if mode == 'infer':
            times = {f'inference: {k}': v for k, v in times.items()}
        found |= {part: 1e3 * value for part, value in times.items()}
    return found


def exponents(table: pd.DataFrame) -> pd.Series:
    """Compute that of each column, from the first row to the last."""
    first, last = table.index[0], table.index[-1]
    growth = (table.loc[last] / table.loc[first]).map(math.log)
    return growth / math.log(last / first)


@tool()
def main() -> None:
    """Measure and print a table for each number."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='of configs/kmax or configs/remax')
    parser.add_argument(
        '--vary', nargs='+', choices=VALUES, default=[*VALUES], metavar='WHAT'
    )
    parser.add_argument('--iters', type=count, default=3, help='timed (3)')
    args = parser.parse_args()
    for name in args.vary:
        rows = {}
        for value in VALUES[name]:
            size = START | {name: value}
            rows[value] = milliseconds(args.config, args.iters, size)
        table = pd.DataFrame.from_dict(rows, orient='index')
        growth = exponents(table)
        if name == 'side':  # of pixels
            growth /= 2
        rest = ', '.join(f'{v} {k}' for k, v in START.items() if k != name)
        print(f'\n{Path(args.config).stem}, {rest}; ms\n')
        print(f'| {name} | {" | ".join(table)} |')
        print('|---' * (len(table.columns) + 1) + '|')
        for value, row in table.iterrows():
            cells = ' | '.join(f'{one:.0f}' for one in row)
            print(f'| {value} | {cells} |')
        cells = ' | '.join(f'{one:.2f}' for one in growth)
        print(f'| exponent | {cells} |', flush=True)


if __name__ == '__main__':
    main()
