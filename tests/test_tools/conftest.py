"""A tool of the repository, run in this process by its command line."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.helpers.scripts import run_script


@pytest.fixture
def run_tool(monkeypatch) -> Callable[..., None]:
    """Run `tools/NAME` with arguments."""

    def run(name: str, *arguments: object) -> None:
        run_script(monkeypatch, f'tools/{name}', *arguments)

    return run


@pytest.fixture
def run(request, run_tool) -> Callable[..., None]:
    """Run the tool that the module of the test names as `TOOL`."""
    return partial(run_tool, request.module.TOOL)
