"""Faults of one line each that a test has to notice; see mutation.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from . import configs, data, engine, losses, network, runs, scores, weights


@dataclass(frozen=True)
class Mutant:
    """One text of a file replaced by another."""

    path: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f'{self.path} | {self.old!r} -> {self.new!r}'

    @property
    def folder(self) -> str:
        """Folder of the file, the first two of a path; `configs` is one."""
        parts = PurePosixPath(self.path).parts[:-1]
        return '/'.join(parts[: 1 if parts[0] == 'configs' else 2])

    def apply(self, text: str) -> str:
        """Replace the text, which the file has once."""
        if text.count(self.old) != 1:
            raise ValueError(f'{self}: {text.count(self.old)} places.')
        return text.replace(self.old, self.new)


# A TABLE has, by file: the test files below tests/, then the mutations.
MUTANTS = [
    Mutant(path, old, new, tuple(f'tests/{name}' for name in tests))
    for part in (network, losses, scores, engine, runs, data, weights, configs)
    for path, (tests, *changes) in part.TABLE.items()
    for old, new in changes
]
