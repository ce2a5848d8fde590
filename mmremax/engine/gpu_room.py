"""Says what makes a training step fit a GPU that is too small for it."""

from __future__ import annotations

import copy
import inspect
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmdet.registry import MODELS
from mmengine.config import Config

from mmremax.utils.distributed import is_first_of_launch
from mmremax_runtime.errors import InputError

from .step_memory import StepMemory, estimate_image

GIB = 2**30
USABLE = 0.95  # of the free memory; libraries need some
AMP = '--amp'


@contextmanager
def enough_memory(cfg: Config) -> Iterator[None]:
    """Say what makes a training step smaller where the GPU's memory ends.

    Before the first step, by an estimate (see what_fits); and after the one
    where it ended.

    Raises:
        InputError: It ended.
    """
    text = ''
    if torch.cuda.is_available() and is_first_of_launch() and countable(cfg):
        text = what_fits(cfg, torch.cuda.mem_get_info()[0])
        if text:
            print(f'The GPU seems too small. {text}', file=sys.stderr)
    try:
        yield
    except torch.OutOfMemoryError as error:
        text = text or f'Takes less: {command(savers(cfg))}'
        raise InputError(f'The GPU is too small. {text}') from error


def countable(cfg: Config) -> bool:
    """Whether a config's step can be counted on made images."""
    return str(cfg.model.type).endswith('KMaXDeepLab')


def what_fits(cfg: Config, free: int) -> str:
    """Say what a training step needs, and what makes it fit.

    Options are added one by one, the cheapest in time first, until all
    images of a step fit.

    Args:
        cfg: Of a KMaXDeepLab.
        free: Memory in bytes.

    Returns:
        Nothing if the step fits.
    """
    images = cfg.train_dataloader.batch_size
    height, width = cfg.model.data_preprocessor.crop_size
    room, step = USABLE * free, estimate_image(cfg)
    if needed(step, images) <= room:
        return ''
    text = (
        f'A step of {images} images of {height} x {width} needs about '
        f'{needed(step, images) / GIB:.1f} GiB, '
        f'{step.made / GIB:.1f} for each image; '
        f'{free / GIB:.1f} are free.'
    )
    cfg, used, most, ways = copy.deepcopy(cfg), {}, 0, []
    for name, value in {'': None, **savers(cfg)}.items():
        if name:
            used[name] = value
            cfg.merge_from_dict(value)
            step = estimate_image(cfg)
        fitting = max(
            (n for n in divisors(images) if needed(step, n) <= room), default=0
        )
        if fitting > most:
            ways.append(command(used, fitting if fitting < images else None))
            most = fitting
        if fitting == images:
            break
    if not ways:
        scale = math.sqrt(max(0, room - needed(step, 0)) / step.made)
        crop = f'{int(height * scale)} x {int(width * scale)}'
        return f'{text} With {command(used)} a crop of {crop} fits.'
    return f'{text} Fits: {"; or ".join(ways)} (the batch stays).'


def needed(step: StepMemory, images: int) -> int:
    """Bytes of a step; gradients wait for those of other passes or GPUs.

    They are a quarter of weights, gradients and AdamW's two moments.
    """
    return step.fixed * 4 // 3 + images * step.made


def divisors(number: int) -> list[int]:
    """List the divisors, the number itself last."""
    return [n for n in range(1, number + 1) if number % n == 0]


def savers(cfg: Config) -> dict[str, dict]:
    """List options that save memory, the cheapest in time first.

    Returns:
        What each sets in the config, by its text.
    """
    found = {}
    if cfg.optim_wrapper.get('type', 'OptimWrapper') == 'OptimWrapper':
        found[AMP] = {'optim_wrapper.type': 'AmpOptimWrapper'}
    if countable(cfg) and not cfg.model.get('recompute'):
        found['model.recompute=True'] = {'model.recompute': True}
    backbone = cfg.model.backbone
    arguments = inspect.signature(MODELS.get(backbone.type)).parameters
    if 'with_cp' in arguments and not backbone.get('with_cp'):
        key = 'model.backbone.with_cp'
        found[f'{key}=True'] = {key: True}
    return found


def command(options: dict[str, dict], images: int | None = None) -> str:
    """Write options as tools/train.py takes them."""
    words = [AMP] if AMP in options else []
    if images is not None:
        words.append(f'--images-per-gpu {images}')
    if keys := [name for name in options if name != AMP]:
        words.append(f'--cfg-options {" ".join(keys)}')
    return ' '.join(words)
