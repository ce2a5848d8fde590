"""A file backend whose files are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend


@register_backend('atomic', force=True)
class AtomicBackend(LocalBackend):
    """Writes beside the target, then renames.

    A process killed while writing leaves the previous file as it was, and
    at most a stray ``*.tmp``, which the next write of that file replaces.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file in one step; missing folders are made."""
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f'.{path.name}.tmp')
        with open(unfinished, 'wb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
