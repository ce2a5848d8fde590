r"""Time the training steps of two configs side by side.

Both take the same batches in turn, so that a busy machine slows both; the
ratio is the median over the pairs. On a CPU it is the time of the process,
on a GPU that of the clock. Weights are random.

Example:
    python tools/analysis/compare_steps.py \
        configs/studies/mask2former/mask2former_shapes.py \
        configs/studies/mask2former/mp-former_shapes.py \
        --data-root work_dirs/quickstart/data
"""

import argparse
import copy
import time
from pathlib import Path
from statistics import median

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import mmremax  # noqa: F401
from mmremax.utils.config_edits import (
    remove_pretrained,
    set_data_root,
)
from mmremax.utils.migration import read_config


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('base', help='a file of configs/; gives the data')
    parser.add_argument('other', help='another one, for the same data')
    parser.add_argument('--data-root', help="replaces the configs'")
    parser.add_argument('--iters', type=int, default=10)
    return parser.parse_args()


def load(path: str, data_root: str | None) -> Config:
    """Read a config for data that may lie elsewhere."""
    config = read_config(path)
    remove_pretrained(config)
    if data_root is not None:
        set_data_root(config, data_root)
    return config


def seconds() -> float:
    """Read the clock that a comparison on this machine can trust."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def main() -> None:
    """Time and print."""
    args = parse_args()
    configs = [load(path, args.data_root) for path in (args.base, args.other)]
    init_default_scope(configs[0].default_scope)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    runs = []
    for config in configs:
        torch.manual_seed(0)
        model = MODELS.build(config.model)
        model.init_weights()
        model = model.to(device).train()
        runs.append((model, build_optim_wrapper(model, config.optim_wrapper)))
    loader = configs[0].train_dataloader
    loader.update(num_workers=0, persistent_workers=False)
    batches = iter(Runner.build_dataloader(loader, seed=0))
    times: list[list[float]] = [[], []]
    for step in range(args.iters + 1):
        batch = next(batches)
        for (model, wrapper), record in zip(runs, times, strict=True):
            own = copy.deepcopy(batch)
            start = seconds()
            model.train_step(own, wrapper)
            if step:  # the first one warms up
                record.append(seconds() - start)
    ratio = median(b / a for a, b in zip(*times, strict=True))
    for path, record in zip((args.base, args.other), times, strict=True):
        print(f'{Path(path).stem}: {median(record):.3f} s')
    print(f'ratio: {ratio:.2f}')


if __name__ == '__main__':
    main()
