"""A loader of which nothing comes is an error, not a wait for ever."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.config import Config

SECONDS = 300  # for a batch; the start of the workers is within the first


@contextmanager
def loader_timeouts(cfg: Config) -> Iterator[None]:
    """Limit how long loaders with workers may take, and explain the error.

    A worker that cannot hand its batch over (a full /dev/shm) prints its
    error and goes on; torch's default is to wait for the batch for ever. A
    `timeout` that a config sets stands.
    """
    for name in ('train', 'val', 'test'):
        loader = cfg.get(f'{name}_dataloader') or {}
        if loader.get('num_workers'):
            loader.setdefault('timeout', SECONDS)
    try:
        yield
    except RuntimeError as error:
        if 'DataLoader timed out' not in str(error):
            raise
        sys.exit(
            f'{error}: no batch came. A worker failed (its error stands '
            'above) or hangs. See the size of /dev/shm (mmremax doctor; '
            'docker run --shm-size=8g), try train_dataloader.num_workers=0, '
            'or allow more seconds with train_dataloader.timeout.'
        )
