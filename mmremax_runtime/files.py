"""Files that are there whole, or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class WriteError(OSError):
    """A file cannot be written; the text names it."""


@contextmanager
def write_files(*paths: Path) -> Iterator[list[Path]]:
    """Write files under other names, then move them to their places.

    Makes missing folders. If the body raises, none of the files appears and
    older ones stay.

    Yields:
        Where to write, one for each of the paths, with the same endings.

    Raises:
        WriteError: The folder or the disk takes none.
    """
    written: list[Path] = []
    try:
        for path in map(Path, paths):
            with _named(f'The folder {path.parent} cannot be made'):
                path.parent.mkdir(parents=True, exist_ok=True)
            with _named(f'{path} cannot be written'):
                handle, name = tempfile.mkstemp(
                    dir=path.parent,
                    prefix=f'.{path.stem}_',
                    suffix=path.suffix,
                )
            os.close(handle)
            written.append(Path(name))
        try:
            yield written
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            with _named(f'{paths[0]} cannot be written'):
                raise
        for part, path in zip(written, paths, strict=True):
            with _named(f'{path} cannot be written'):
                part.chmod(0o666 & ~_umask())
                os.replace(part, path)
    finally:
        for part in written:
            part.unlink(missing_ok=True)


@contextmanager
def _named(failure: str) -> Iterator[None]:
    """Say in one line what failed."""
    try:
        yield
    except OSError as error:
        raise WriteError(f'{failure}: {error.strerror}.') from error


def _umask() -> int:
    """Read the process's mask; the system only tells it by setting one."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
