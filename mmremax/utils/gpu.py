"""Says why a GPU is not used."""

from __future__ import annotations

import shutil
import sys

import torch


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
