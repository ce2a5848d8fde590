"""What every tool of the repository runs in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mmremax_runtime.errors import InputError, one_line, print_every_name

from .config_errors import building
from .gpu import say_gpu_note
from .safe_loading import safe_loading

Item = TypeVar('Item')
USERS_ERRORS = (InputError, OSError)


@contextmanager
def tool() -> Iterator[None]:
    """Run no code from data, and say in one line what is wrong with them.

    A decorator of a tool's `main`.
    """
    say_gpu_note()
    print_every_name()
    try:
        with safe_loading(), building():
            yield
    except USERS_ERRORS as error:
        sys.exit(one_line(error))


def each(items: Iterable[Item], work: Callable[[Item], None]) -> None:
    """Do what can be done; leave at the end if something could not.

    Each error is said in one line when it comes.
    """
    items = list(items)
    failed = 0
    for item in items:
        try:
            work(item)
        except USERS_ERRORS as error:
            failed += 1
            print(one_line(error), file=sys.stderr)
    if failed:
        sys.exit(f'{failed} of {len(items)} failed.')
