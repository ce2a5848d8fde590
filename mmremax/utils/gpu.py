"""Says why a GPU is not used, or is too small."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.config import Config

from mmremax_runtime.errors import InputError

GIB = 2**30


def gpu_note() -> str:
    """Say what keeps torch or mmcv from a GPU; nothing if nothing does."""
    if torch.version.cuda is None:
        if shutil.which('nvidia-smi') is None:
            return ''
        return 'There is a GPU driver, but this torch is a build for CPUs.'
    if not torch.cuda.is_available():
        return (
            f'Runs on the CPU: torch is built for CUDA {torch.version.cuda}. '
            f'{reason_of_torch()}'
        )
    from mmcv.ops import get_compiling_cuda_version

    if get_compiling_cuda_version() == 'not available':
        return (
            "mmcv was compiled without CUDA: Mask2Former's attention fails on "
            'the GPU. `mmremax doctor` has the command that compiles it.'
        )
    return ''


def reason_of_torch() -> str:
    """Ask torch why it reaches no GPU."""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return str(error).strip().splitlines()[0].rstrip('.') + '.'
    return 'CUDA_VISIBLE_DEVICES hides the devices, perhaps.'


def say_gpu_note() -> None:
    """Print the note, if there is one."""
    if note := gpu_note():
        print(f'{note} See `mmremax doctor`.', file=sys.stderr)


@contextmanager
def enough_memory(cfg: Config) -> Iterator[None]:
    """Say what makes a training step smaller where the GPU's memory ends.

    Raises:
        InputError: It ended.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise InputError(advice(cfg)) from error


def advice(cfg: Config) -> str:
    """Say what was too much, and what takes less, the best first."""
    images = cfg.train_dataloader.get('batch_size', 1)
    crop = cfg.model.get('data_preprocessor', {}).get('crop_size')
    size = f' of {crop[0]} x {crop[1]}' if crop else ''
    gpu = 'The GPU'
    if torch.cuda.is_available():
        found = torch.cuda.get_device_properties(torch.cuda.current_device())
        gpu = f'{found.name} has {found.total_memory / GIB:.1f} GiB and'
    less = []
    if cfg.optim_wrapper.get('type') != 'AmpOptimWrapper':
        less.append('--amp')
    if images > 1:
        less.append(f'--images-per-gpu {images // 2} (the same batch)')
    less.append('--cfg-options model.backbone.with_cp=True')
    less.append('a smaller crop')
    return (
        f'{gpu} is too small for {images} images{size} in a step. Takes '
        f'less: {", ".join(less)}. `tools/analysis/benchmark.py CONFIG '
        '--mode memory` counts what a step needs.'
    )
