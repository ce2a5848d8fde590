"""What is wrong with a config, in one line."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.config import config

from mmremax_runtime.errors import InputError

# With a line of their own.
OTHERS = (InputError, OSError, ImportError)


class ConfigError(InputError):
    """A config cannot be read or built."""


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Say in one line, with its place, what a config raises when it is run."""
    try:
        yield
    except Exception as error:
        is_named = not isinstance(error, OSError) or str(path) in str(error)
        if isinstance(error, OTHERS) and is_named:
            raise
        places = [
            f' ({frame.filename}, line {frame.lineno})'
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.name == '<module>' and 'site-packages' not in frame[0]
        ]
        raise ConfigError(
            f'{path} cannot be read: {_line(error)}{(places or [""])[-1]}'
        ) from error


@contextmanager
def building() -> Iterator[None]:
    """Say in one line that a config lacks a key, or cannot be built.

    Other errors pass, with their traceback. What a component itself raises is
    named by its place, for that may be a fault of its code.
    """
    try:
        yield
    except OTHERS:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        if frames[-1].filename == config.__file__:  # cfg.model, say
            key = str(error).split("'")[-2]
            raise ConfigError(
                f'The config lacks {key}: give a whole config, or one with a '
                '_base_.'
            ) from error
        makers = ('build_', 'from_cfg')  # of the Runner
        if not any(frame.name.startswith(makers) for frame in frames):
            raise
        last = frames[-1]
        is_its_own = not last.name.startswith('build_')
        place = f' ({last.filename}, line {last.lineno})' * is_its_own
        raise ConfigError(
            f'The config cannot be built: {_line(error)}{place}'
        ) from error


def _line(error: Exception) -> str:
    # The text of a KeyError is quoted.
    text = error.args[0] if isinstance(error, KeyError) else error
    return f'{type(error).__name__}: {" ".join(str(text).split())}'
