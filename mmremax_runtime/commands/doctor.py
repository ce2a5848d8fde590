"""Print what is installed, what is broken, and the remedy.

Examples:
    mmremax doctor            the whole environment: training, prediction
    mmremax doctor --runtime  what an exported model needs: no torch
    mmremax doctor --host     what making the environment needs

The exit status is 1 if something is missing or broken. The checks need the
standard library alone, and probe each piece in a process of its own.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ENOUGH_SHARED_MEMORY = 1024  # MB; Docker gives 64
OK, NOTE, BROKEN = 'ok', 'note', 'broken'
FAMILIES = {
    'mmengine': ('onedl-mmengine', 'mmengine'),
    'mmcv': ('onedl-mmcv', 'mmcv'),
    'mmdet': ('onedl-mmdetection', 'mmdet'),
    'mmseg': ('onedl-mmsegmentation', 'mmsegmentation'),
    'mmpretrain': ('onedl-mmpretrain', 'mmpretrain'),
}
ROOT = Path(__file__).resolve().parents[2]
PINS = '' if (ROOT / 'requirements.txt').is_file() else f'{ROOT}/mmremax/.mim/'
STACK = f'pip install --no-build-isolation -r {PINS}requirements.txt'


class Finding(NamedTuple):
    """One row of the report; ``remedy`` is empty where there is none."""

    name: str
    state: str
    detail: str
    remedy: str = ''


def judge(name: str, sound: bool, detail: str, remedy: str) -> Finding:
    """Make a row that is ok, or broken with a remedy."""
    if sound:
        return Finding(name, OK, detail)
    return Finding(name, BROKEN, detail, remedy)


def version_of(distribution: str) -> str | None:
    """Return the installed version of a distribution, None if absent."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def probe(code: str) -> tuple[bool, str]:
    """Run code in a fresh interpreter.

    Args:
        code: Python source; what it prints is the detail of a success.

    Returns:
        Whether it ran; the last line it printed, or the error's first.
    """
    run = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    if run.returncode == 0:
        return True, run.stdout.strip().splitlines()[-1]
    errors = re.findall(r'^[\w.]*(?:Error|Exception)\b.*', run.stderr, re.M)
    return False, errors[-1] if errors else f'exit status {run.returncode}'


def check_python() -> Finding:
    """Check the interpreter's version against the tested range."""
    detail = f'{sys.version.split()[0]} ({sys.executable})'
    version = sys.version_info[:2]  # make may pick any Python
    if (3, 10) <= version <= (3, 12):
        return Finding('python', OK, detail)
    state = BROKEN if version < (3, 10) else NOTE
    remedy = 'made for 3.10 to 3.12: make setup PYTHON=python3.11'
    return Finding('python', state, detail, remedy)


def check_host() -> Iterator[Finding]:
    """Check what making the environment needs; standard library only."""
    yield check_python()
    package = f'python{sys.version_info.major}.{sys.version_info.minor}'
    yield judge(
        'venv module',
        all(map(importlib.util.find_spec, ('venv', 'ensurepip'))),
        'venv and ensurepip',
        f'apt install {package}-venv',
    )
    header = Path(sysconfig.get_paths()['include']) / 'Python.h'
    yield judge(
        'Python headers',
        header.exists(),
        str(header),
        f'apt install {package}-dev',
    )
    compiler = shutil.which('g++') or shutil.which('c++')
    yield judge(
        'C++ compiler', bool(compiler), compiler or 'g++', 'apt install g++'
    )


def check_torchvision() -> Finding:
    """Check torchvision, whose operators do not load with a CPU torch."""
    version = version_of('torchvision')
    if version is None:
        return Finding('torchvision', BROKEN, 'missing', STACK)
    ok, detail = probe('import torchvision; print(torchvision.__version__)')
    if not ok and 'torchvision::nms does not exist' in detail:
        return Finding(
            'torchvision',
            NOTE,
            f'{version}, its operators do not load with this torch',
            'none needed: mmremax declares them itself',
        )
    return judge('torchvision', ok, detail, STACK)


def check_family(module: str) -> Finding:
    """Check which distribution gives an OpenMMLab module.

    Both families own the same files: with both installed, the one
    installed last has overwritten the other.
    """
    maintained, original = FAMILIES[module]
    versions = {
        name: version_of(name)
        for name in (maintained, original)
        if version_of(name)
    }
    detail = ', '.join(f'{k} {v}' for k, v in versions.items())
    if not versions:
        return Finding(module, BROKEN, 'missing', STACK)
    if len(versions) == 2:
        return Finding(
            module,
            BROKEN,
            f'{detail}: both families',
            f'pip uninstall -y {maintained} {original}, then {STACK}',
        )
    return Finding(module, OK, detail)


def check_one_family() -> Finding:
    """Check that all OpenMMLab modules are of one family."""
    names = {
        'maintained': [v[0] for v in FAMILIES.values()],
        'original': [v[1] for v in FAMILIES.values()],
    }
    found = [k for k, v in names.items() if any(map(version_of, v))]
    if len(found) == 2:
        every = ' '.join(sorted({n for v in names.values() for n in v}))
        return Finding(
            'family',
            BROKEN,
            'two families are mixed',
            f'pip uninstall -y {every}; then {STACK}',
        )
    return Finding('family', OK if found else NOTE, (found or ['none'])[0])


def check_mmcv_ops() -> Finding:
    """Check that mmcv's operators are compiled and fit this torch."""
    ok, detail = probe(
        'import mmcv._ext, torch; from mmcv.ops import nms, '
        'get_compiling_cuda_version as v\n'
        'if torch.cuda.is_available() and v() == "not available":\n'
        '    raise RuntimeError("compiled without CUDA, but there is a GPU")\n'
        'print("compiled, CUDA:", v())'
    )
    if not any(map(version_of, FAMILIES['mmcv'])):
        return Finding('mmcv operators', BROKEN, 'missing', STACK)
    name = 'mmcv==2.1.0' if version_of('mmcv') else 'onedl-mmcv==2.3.6'
    return judge(
        'mmcv operators',
        ok,
        detail,
        'pip install --no-build-isolation --no-deps --no-cache-dir '
        f'--force-reinstall {name}',
    )


def check_gpu() -> Finding:
    """Say whether torch reaches a GPU; none is needed."""
    ok, detail = probe(
        'import torch; torch.cuda.init(); '
        'print(torch.cuda.device_count(), torch.cuda.get_device_name(0))'
    )
    if ok:
        return Finding('GPU', OK, detail)
    if shutil.which('nvidia-smi'):
        return Finding(
            'GPU',
            NOTE,
            f'a driver, but torch reaches no device: {detail}',
            'install the build of torch for its CUDA; see the README',
        )
    return Finding('GPU', NOTE, 'none; training runs on the CPU')


def check_shared_memory(path: str = '/dev/shm') -> Finding:
    """Check the room where loader workers hand their batches over."""
    name = 'shared memory'
    if not Path(path).is_dir():
        return Finding(name, NOTE, f'no {path}')
    size = shutil.disk_usage(path).free / 2**20
    detail = f'{size:,.0f} MB free in {path}'
    if size >= ENOUGH_SHARED_MEMORY:
        return Finding(name, OK, detail)
    remedy = 'docker run --shm-size=8g, or train_dataloader.num_workers=0'
    return Finding(name, NOTE, f'{detail}: loader workers may fail', remedy)


def check_optional(use: str, remedy: str, *distributions: str) -> Finding:
    """Check for what only some use needs; any of the distributions gives it.

    The first names the row.
    """
    version = next(filter(None, map(version_of, distributions)), None)
    if version is None:
        detail = f'missing; only for {use}'
        return Finding(distributions[0], NOTE, detail, remedy)
    return Finding(distributions[0], OK, version)


def check_optionals() -> Iterator[Finding]:
    """Check for what single commands need."""
    for use, *distributions in (
        ('exported models', 'onnxruntime', 'onnxruntime-gpu'),
        ('exported models, another runtime', 'openvino'),
        ('video', 'av'),
        ('serve', 'gradio'),
    ):
        remedy = f'pip install {distributions[0]}'
        yield check_optional(use, remedy, *distributions)


def check_runtime() -> Iterator[Finding]:
    """Check what an exported model needs."""
    yield check_python()
    for module in ('numpy', 'PIL'):
        ok, detail = probe(f'import {module}; print({module}.__version__)')
        yield judge(module, ok, detail, 'pip install numpy pillow')
    optionals = list(check_optionals())
    yield from optionals
    yield judge(
        'a runtime',
        any(
            row.state == OK and row.name in ('onnxruntime', 'openvino')
            for row in optionals
        ),
        'onnxruntime or openvino',
        'pip install onnxruntime',
    )


def check_environment() -> Iterator[Finding]:
    """Check the environment of this interpreter, piece by piece."""
    yield check_python()
    yield judge(
        'torch',
        *probe(
            'import torch; print(torch.__version__, "built for CUDA", '
            'torch.version.cuda)'
        ),
        f'pip install -r {PINS}requirements/build.txt',
    )
    yield check_torchvision()
    for module in FAMILIES:
        yield check_family(module)
    yield check_one_family()
    yield check_mmcv_ops()
    for distribution in ('numpy', 'scipy', 'pycocotools'):
        version = version_of(distribution)
        yield judge(distribution, bool(version), version or 'missing', STACK)
    yield from check_optionals()
    yield check_optional('export', 'pip install onnx onnxscript', 'onnx')
    yield check_optional(
        'models of the hub', 'pip install huggingface_hub', 'huggingface_hub'
    )
    yield check_optional(
        'tests of dumps',
        f'pip install --no-deps -r {PINS}requirements/panopticapi.txt',
        *('panopticapi', 'panopticapi-lite'),
    )
    yield check_gpu()
    yield check_shared_memory()
    yield judge(
        'mmremax',
        *probe('import mmremax; print(mmremax.__version__)'),
        'pip install --no-build-isolation --no-deps -e .',
    )


def report(findings: list[Finding]) -> None:
    """Print the findings, as a table where rich is installed."""
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        for row in findings:
            print(f'{row.name:16}{row.state:8}{row.detail}')
            if row.remedy:
                print(f'{"":24}-> {row.remedy}')
        return
    colours = {OK: 'green', NOTE: 'yellow', BROKEN: 'bold red'}
    table = Table()
    for column in ('piece', 'state', 'found', 'remedy'):
        table.add_column(column, overflow='fold')
    for row in findings:
        table.add_row(
            row.name,
            f'[{colours[row.state]}]{row.state}[/]',
            row.detail,
            row.remedy,
        )
    Console().print(table)


def run_checks(checks: Callable[[], Iterator[Finding]]) -> int:
    """Run checks, print the report, return the exit status."""
    findings = list(checks())
    report(findings)
    broken = [row.name for row in findings if row.state == BROKEN]
    if broken:
        print(f'Broken: {", ".join(broken)}.')
        return 1
    return 0


CHECKS = {
    'host': (check_host, 'what making the environment needs'),
    'runtime': (check_runtime, 'what an exported model needs'),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.set_defaults(checks=check_environment)
    for name, (checks, says) in CHECKS.items():
        parser.add_argument(
            f'--{name}',
            dest='checks',
            action='store_const',
            const=checks,
            help=f'check {says} instead',
        )


def run(args: argparse.Namespace) -> int:
    """Check and report."""
    return run_checks(args.checks)
