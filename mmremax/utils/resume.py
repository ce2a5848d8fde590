"""From which file `--resume` goes on, and whether it can."""

from __future__ import annotations

import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from .safe_loading import load_checkpoint


def resume_from(cfg: Config, source: str, keep_seed: bool = False) -> None:
    """Let the Runner continue from a checkpoint, with the run's seed.

    Args:
        cfg: Changed in place.
        source: A file, or ``'auto'``: the work folder's last checkpoint;
            without one the run starts from the beginning.
        keep_seed: Whether the config's seed stands even if the run had
            another.
    """
    path = find_last_checkpoint(cfg.work_dir) if source == 'auto' else source
    if path is None:
        print_log(
            f'--resume: no checkpoint in {cfg.work_dir}, the run starts from '
            'the beginning.'
        )
        return
    checkpoint = load_checkpoint(path, map_location='meta')
    meta = checkpoint.get('meta', {})
    parts = ['optimizer', 'message_hub', 'state_dict']
    parts += ['param_schedulers'] * bool(cfg.get('param_scheduler'))
    lacks = [part for part in parts if part not in checkpoint]
    if 'iter' not in meta or lacks:
        sys.exit(
            f'--resume {path}: the file holds weights (a best_*.pth, a '
            'stripped or a published one), not the state of a run; it lacks '
            f"{', '.join(lacks or ['the iteration'])}. Resume from the run's "
            'iter_*.pth, or start a new run from its weights with '
            f'--cfg-options load_from={path}.'
        )
    check_update_is_whole(cfg, path, meta['iter'])
    hooks = {hook['type'] for hook in cfg.get('custom_hooks', [])}
    if 'ema_state_dict' in checkpoint and 'EMAHook' not in hooks:
        sys.exit(
            f'--resume {path}: the run averages its weights, the config does '
            "not, and would train the average on. Give it the run's "
            'EMAHook: configs/_base_/overlays/ema.py.'
        )
    if not keep_seed and meta.get('seed') is not None:
        cfg.setdefault('randomness', {})
        cfg.randomness.seed = meta['seed']
    cfg.resume = True
    cfg.load_from = str(path)


def check_update_is_whole(cfg: Config, path: str, step: int) -> None:
    """Refuse a file from within the accumulation of a gradient."""
    passes = cfg.get('optim_wrapper', {}).get('accumulative_counts', 1)
    if step % passes:
        sys.exit(
            f'--resume {path}: an update takes {passes} steps '
            f'(accumulative_counts), step {step} lies within one, and its '
            'gradient is in no file. Resume from a multiple, and set '
            'default_hooks.checkpoint.interval to one.'
        )


def find_last_checkpoint(work_dir: str) -> str | None:
    """Find the file to go on from, also after a kill or a moved folder.

    A copied folder goes on from its own files, never from the original's.

    Returns:
        The folder's file of the name that ``last_checkpoint`` says, else its
        ``iter_*`` or ``epoch_*`` file with the highest number, else None.
    """
    folder = Path(work_dir)
    pointer = folder / 'last_checkpoint'
    is_there = pointer.is_file()
    text = pointer.read_text(errors='replace').strip() if is_there else ''
    if text and (path := folder / Path(text).name).is_file():
        return str(path)
    numbered = {
        int(path.stem.split('_')[1]): str(path)
        for path in [*folder.glob('iter_*.pth'), *folder.glob('epoch_*.pth')]
        if path.stem.split('_')[1].isdigit()
    }
    if text and not numbered:
        sys.exit(
            f'--resume: {pointer} names {text}, which is not in {folder}. '
            'Give the file: --resume FILE; or remove last_checkpoint to '
            'start from the beginning.'
        )
    return numbered[max(numbered)] if numbered else None
