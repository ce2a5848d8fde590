"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_files(*paths: Path) -> Iterator[list[Path]]:
    """Write files under other names, then move them to their places.

    Makes missing folders. If the body raises, none of the files appears and
    older ones stay.

    Yields:
        Where to write, one for each of the paths, with the same endings.
    """
    written: list[Path] = []
    try:
        for path in map(Path, paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(
                dir=path.parent, prefix=f'.{path.stem}_', suffix=path.suffix
            )
            os.close(handle)
            written.append(Path(name))
        yield written
        for part, path in zip(written, paths, strict=True):
            part.chmod(0o666 & ~_umask())
            os.replace(part, path)
    finally:
        for part in written:
            part.unlink(missing_ok=True)


def _umask() -> int:
    """Read the process's mask; the system only tells it by setting one."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
