"""Runs a script of the repository in this process, as its command does."""

import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load_script(path: str) -> dict:
    """Return what a script defines, without running it."""
    return runpy.run_path(str(ROOT / path))


def run_script(
    monkeypatch: pytest.MonkeyPatch, path: str, *arguments: object
) -> None:
    """Run a script with a command line."""
    monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
    runpy.run_path(str(ROOT / path), run_name='__main__')
