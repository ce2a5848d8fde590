r"""Compare the speed of this code with that of another commit, in one run.

Runs tools/analysis/benchmark.py of both trees in turn, a process each, on
one image size and random weights. Times are the processor's: of a whole
step, and of its losses with their backward pass (--mode train) or of its
post-processing (--mode infer), run once more by themselves. Ratios are
medians over the turns. Options that are not named here go to benchmark.py,
so they must be known to that of both trees.

Example:
    git worktree add ../before 3b1eca4
    OMP_NUM_THREADS=1 python tools/analysis/compare_trees.py ../before \
        configs/remax/remax-m_r50_coco.py --shape 321 321 --batch-size 2
"""

import argparse
import json
import os
import resource
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import is_dataclass, replace
from pathlib import Path
from statistics import median
from time import process_time

TREE = Path(__file__).parents[2]
GIB = 2**30


def detached(value: object) -> object:
    """Cut tensors off their graph, so that a gradient stops there."""
    if isinstance(value, (list, tuple)):
        parts = [detached(one) for one in value]
        return type(value)(*parts) if hasattr(value, '_fields') else parts
    if is_dataclass(value):
        fields = vars(value).items()
        return replace(value, **{key: detached(one) for key, one in fields})
    if hasattr(value, 'is_floating_point') and value.is_floating_point():
        return value.detach().requires_grad_(value.requires_grad)
    return value


class Again:
    """Runs a method twice, and times the second run and the whole step.

    Attributes:
        part: Processor seconds of the method, and of the gradients of what
            it returns.
        step: From one call to the next, without the second run.
    """

    def __init__(self, owner: type, method: str) -> None:
        self.function = getattr(owner, method)
        self.part: list[float] = []
        self.step: list[float] = []
        self.last = None
        setattr(owner, method, self.wrapper())

    def wrapper(self) -> Callable:
        """Make what replaces the method."""

        def method(*args, **kwargs):
            start = process_time()
            if self.last is not None:
                self.step.append(start - self.last)
            again = detached(args)
            start = process_time()
            losses = self.function(*again, **kwargs)
            if isinstance(losses, dict):
                sum(x for x in losses.values() if x.requires_grad).backward()
            self.last = process_time()
            self.part.append(self.last - start)
            return self.function(*args, **kwargs)

        return method


def set_image_size(owner: type, size: list[int]) -> None:
    """Let images have another size than that of the benchmark."""
    predict = owner.predict

    def predict_at_size(self: object, *args, **kwargs) -> object:
        for sample in args[2]:
            sample.set_metainfo(dict(ori_shape=tuple(size)))
        return predict(self, *args, **kwargs)

    owner.predict = predict_at_size


def run_tree(
    config: str,
    mode: str,
    options: list[str],
    part: str,
    size: list[int] | None,
) -> None:
    """Run the benchmark of the tree in the working folder; print seconds."""
    from mmdet.registry import MODELS
    from mmengine.config import Config

    sys.path.insert(0, os.getcwd())
    import mmremax  # noqa: F401

    model = Config.fromfile(config).model
    name, method = 'panoptic_head', 'loss_by_feat'
    if mode == 'infer':
        name, method = 'panoptic_fusion_head', 'predict'
    owner = MODELS.get(model[name].type)
    if size is not None:
        set_image_size(owner, size)
    again = Again(owner, method) if part == 'parts' else None
    script = 'tools/analysis/benchmark.py'
    sys.argv = [script, config, '--mode', mode, *options]
    runpy.run_path(script, run_name='__main__')
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    numbers = dict(peak=peak)
    if again is not None:  # the first call warms up
        numbers = dict(
            part=median(again.part[1:]), step=median(again.step[1:])
        )
    print(f'\n{json.dumps(numbers)}')


def call(tree: Path, part: str, config: str, mode: str, *rest: str) -> dict:
    """Start a process in a tree and read what it measured."""
    command = [sys.executable, __file__, str(tree), config, '--run', part]
    process = subprocess.run(
        [*command, '--mode', mode, *rest],
        cwd=tree,
        env=os.environ | {'PYTHONPATH': str(tree)},
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.returncode:
        sys.exit(f'The benchmark of {tree} failed: see above.')
    return json.loads(process.stdout.splitlines()[-1])


def main() -> None:
    """Take turns and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('other', type=Path, help='a work tree of another commit')
    add('config', help='of configs/, in both trees')
    add('--mode', choices=['train', 'infer'], default='train')
    add(
        '--image-size',
        nargs=2,
        type=int,
        metavar=('H', 'W'),
        help='of the segments, with --mode infer',
    )
    add('--turns', type=int, default=3, help='of both trees (3)')
    add('--run', choices=['parts', 'memory'], help=argparse.SUPPRESS)
    args, options = parser.parse_known_args()
    if args.run:
        size = args.image_size
        run_tree(args.config, args.mode, options, args.run, size)
        return
    if args.image_size:
        if args.mode != 'infer':
            parser.error('--image-size is of --mode infer')
        size = map(str, args.image_size)
        options = ['--image-size', *size, *options]
    trees = [args.other.resolve(), TREE]
    rest = (args.config, args.mode, *options)
    found = [call(tree, 'memory', *rest) for tree in trees]
    turns = []
    for _ in range(args.turns):
        turns.append([call(tree, 'parts', *rest) for tree in trees])
        print('.', end='', file=sys.stderr, flush=True)
    part = 'losses, forward and backward'
    if args.mode == 'infer':
        part = 'post-processing'
    print(f'\n| processor seconds | {args.other.name} | here | ratio |')
    print('|---|---|---|---|')
    for key, name in (('part', part), ('step', 'whole step')):
        then, now = zip(*((a[key], b[key]) for a, b in turns), strict=True)
        ratio = median(b / a for a, b in zip(then, now, strict=True))
        row = f'{median(then):.3f} | {median(now):.3f} | {ratio:.2f}'
        print(f'| {name} | {row} |')
    then, now = (numbers['peak'] for numbers in found)
    print(
        f'| peak memory of the process, GiB | {then / GIB:.2f} | '
        f'{now / GIB:.2f} | {now / then:.2f} |'
    )


if __name__ == '__main__':
    main()
