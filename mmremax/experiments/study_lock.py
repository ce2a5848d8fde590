"""One call at a time works in a study's folder."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path

from .study import StudyError


class StudyLock:
    """Holds a lock inside a ``with`` block.

    Training processes inherit it. So it is also held by one that has
    outlived its killed runner, and two processes never write one run.

    Args:
        path: Of the lock file; made where it is missing.
        patience: Seconds to wait for a holder that is about to end.
    """

    def __init__(self, path: Path, patience: float = 15.0) -> None:
        self.path = path
        self.patience = patience

    @property
    def descriptor(self) -> int:
        """Of the open file, for processes to inherit."""
        return self.file.fileno()

    def __enter__(self) -> StudyLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open('a')
        deadline = time.monotonic() + self.patience
        while True:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self.file.close()
                    raise StudyError(
                        f'Another call works in {self.path.parent}, or a '
                        'training that it started still does. Wait for it, '
                        f'end it (`fuser {self.path}` names it), or give '
                        'another --out.'
                    ) from None
            time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        self.file.close()
