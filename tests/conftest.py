"""What every test shares: threads, seeds, the marks, the fixtures."""

import os

# Before torch is imported, and for the processes that tests start. Workers
# of pytest-xdist inherit what their controller set here; they take a core
# each, and more threads would spin while they wait for one another.
os.environ['OMP_NUM_THREADS'] = (
    '1' if 'PYTEST_XDIST_WORKER' in os.environ else '2'
)

import random

import numpy as np
import pytest
import torch

pytest_plugins = ['tests.helpers.shapes', 'tests.helpers.exported']


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    """Start every test from the same random state, whatever ran before."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (mmcv's transforms draw from it)
    torch.manual_seed(0)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the device of tests/gpu."""
    parser.addoption('--device', default='cuda')


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked `gpu` where torch reaches no device."""
    on_cpu = item.config.getoption('--device') == 'cpu'
    reached = on_cpu or torch.cuda.is_available()
    if item.get_closest_marker('gpu') and not reached:
        pytest.skip('torch reaches no CUDA device')
