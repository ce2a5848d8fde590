"""Accept or refuse a GPU: one command, at most ten minutes, one table.

Runs the checks of tests/gpu: losses, gradients, matching and merge beside the
CPU's for every method, mixed precision, skipped updates, resuming, compiling,
two processes, waits for the device, memory. Then times a training step and an
inference (tools/analysis/benchmark.py). Exit status 1 if a check failed.

Examples:
    python tools/gpu_check.py
    python tools/gpu_check.py -k 'mixed and remax' --no-times
    python tools/gpu_check.py --device cpu     the checks themselves, checked
"""

import argparse
import subprocess
import sys
from pathlib import Path

import mmcv
import pytest
import torch
from mmcv.ops import get_compiling_cuda_version

from mmremax.utils.load_model import check_device
from mmremax.utils.tool import tool

ROOT = Path(__file__).parents[1]
TIMED = ('remax-t_mnv3-s_coco', 'remax-s_mnv3-l_coco', 'remax-m_r50_coco')
MODES = {'train': ('--batch-size', '8'), 'infer': ('--batch-size', '1')}


class Table:
    """Rows of a pytest run: check, outcome, seconds, last line of an error."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, float, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what was called, skipped or broke before."""
        if report.when == 'call' or report.outcome != 'passed':
            reason = ''
            if report.skipped:
                reason = str(report.longrepr[-1]).removeprefix('Skipped: ')
            elif report.failed:
                reason = report.longreprtext.strip().splitlines()[-1]
            name = report.nodeid.partition('::')[2]
            row = name, report.outcome, report.duration, reason
            self.rows.append(row)
            print(f'{row[1]:8}{row[2]:6.1f} s  {row[0]}  {row[3]}', flush=True)

    def markdown(self) -> str:
        """Make the table of a report."""
        lines = ['| check | outcome | seconds | |', '|---|---|---|---|']
        lines += [
            f'| {name} | {outcome} | {seconds:.1f} | {reason} |'
            for name, outcome, seconds, reason in self.rows
        ]
        return '\n'.join(lines)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--device', default='cuda', help='cuda, cuda:1, cpu (cuda)')
    add('-k', default='', metavar='WORDS', help="checks, as pytest's -k")
    add('--no-times', action='store_true', help='run the checks alone')
    add('--out', type=Path, default='work_dirs/gpu_check', help='reports')
    return parser.parse_args()


def describe(device: torch.device) -> str:
    """Say what is looked at; exit where there is no such device."""
    text = f'torch {torch.__version__}, mmcv {mmcv.__version__}'
    if device.type == 'cpu':
        return f'CPU, {torch.get_num_threads()} threads, {text}'
    if not torch.cuda.is_available():
        sys.exit(
            f'torch {torch.__version__} reaches no GPU: `make doctor` says '
            'why. --device cpu tries the checks without one.'
        )
    card = torch.cuda.get_device_properties(device)
    return (
        f'{card.name}, {card.total_memory / 2**30:.0f} GiB, compute '
        f'{card.major}.{card.minor}, {text} (CUDA '
        f'{get_compiling_cuda_version()}), CUDA {torch.version.cuda}'
    )


def times(out: Path) -> None:
    """Time the family side by side, in half precision; one json a mode."""
    configs = [f'configs/remax/{name}.py' for name in TIMED]
    for mode, options in MODES.items():
        tool = ['tools/analysis/benchmark.py', *configs, '--mode', mode]
        tool += ['--shape', '641', '641', '--amp', '--iters', '10']
        tool += [*options, '--warmup', '3', '--json', f'{out}/{mode}.json']
        print(f'\npython {" ".join(tool)}', flush=True)
        subprocess.run([sys.executable, *tool], cwd=ROOT, check=True)


@tool()
def main() -> int:
    """Check, time, write the report."""
    args = parse_args()
    if not args.device.startswith('cuda'):
        check_device(args.device)
    device = torch.device(args.device)
    title = describe(device)
    print(title, flush=True)
    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    table = Table()
    options = ['-m', 'gpu', '--device', args.device, '-k', args.k]
    options += ['-p', 'no:terminal', '-p', 'no:xdist', '-p', 'no:warnings']
    tests = [f'--rootdir={ROOT}', str(ROOT / 'tests/gpu')]
    status = pytest.main([*options, *tests], plugins=[table])
    report = f'# {title}\n\n{table.markdown()}\n'
    (out / 'report.md').write_text(report)
    outcomes = [outcome for _, outcome, _, _ in table.rows]
    counts = {name: outcomes.count(name) for name in sorted({*outcomes})}
    print(f'{counts}: {out / "report.md"}', flush=True)
    if device.type == 'cuda' and not args.no_times:
        times(out)
    return int(status != 0)


if __name__ == '__main__':
    sys.exit(main())
