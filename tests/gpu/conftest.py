"""The device, exact arithmetic on it, and random numbers of the CPU's."""

from collections.abc import Callable, Iterator
from unittest import mock

import pytest
import torch
from torch import Tensor

DRAWS = ('rand', 'randn', 'randint', 'randperm', 'rand_like', 'randn_like')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of this folder."""
    for item in items:
        if '/gpu/' in item.nodeid:
            item.add_marker('gpu')


@pytest.fixture
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """Give the device of `--device`; convolutions are in full float32."""
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield torch.device(request.config.getoption('--device'))


@pytest.fixture
def same_draws() -> Iterator[None]:
    """Draw on the CPU whatever the device, so that both see the same."""

    def on_cpu(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def drawn(*args: object, device: object = None, **kwargs: object):
            if args and isinstance(args[0], Tensor):
                device = device or args[0].device
                args = args[0].cpu(), *args[1:]
            return draw(*args, **kwargs).to(device or 'cpu')

        return drawn

    draws = {name: on_cpu(getattr(torch, name)) for name in DRAWS}
    with mock.patch.multiple(torch, **draws):
        yield
