"""How far a long command is, also where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar('Item')


def progress(
    items: Iterable[Item], total: int | None = None, unit: str = 'images'
) -> Iterator[Item]:
    """Pass items on; tell the count, the rate and the time left.

    On a terminal one line that is written over, four times a second; off it
    a line each 10 seconds. To the standard error.

    Args:
        items: As they come.
        total: How many there will be, if that is known.
        unit: What they are, plural.
    """
    is_live = sys.stderr.isatty()
    pause, end = (0.25, '\r') if is_live else (10, '\n')
    start = shown = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - shown < pause:
            continue
        shown, rate = now, done / (now - start)
        text = f'{done} of {total}' if total else str(done)
        text += f' {unit}, {rate:.1f} a second'
        if total:
            text += f', {clock((total - done) / rate)} left'
        print(f'{text:60}', end=end, file=sys.stderr, flush=True)
    if is_live and shown > start:
        print(' ' * 60, end='\r', file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Write a duration as 1:02:03 or 2:03."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours}:{minutes:02}:{seconds:02}'
    return f'{minutes}:{seconds:02}'
