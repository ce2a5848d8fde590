"""Randomness of one sample, the same whoever loads it and when."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .sampler import SampleKey


def sample_rng(index: int) -> np.random.Generator:
    """Make the generator of a sample.

    Args:
        index: A key from ``SeededInfiniteSampler`` gives the generator of
            its position. Any other index (a data set used by hand, or in a
            wrapper that computes indices) draws from NumPy's global state,
            which mmengine seeds for each worker.

    Returns:
        Generator for all decisions on this sample.
    """
    if isinstance(index, SampleKey):
        # The third number keeps it apart from the sampler's own draws.
        return np.random.default_rng((index.seed, index.position, 1))
    return np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002


@contextmanager
def seeded_globals(rng: np.random.Generator) -> Iterator[None]:
    """Let transforms that use global generators follow the sample's.

    Transforms of mmdet, mmcv or albumentations draw from NumPy's and
    Python's global states. They are set inside and restored afterwards.

    Args:
        rng: The sample's generator; one number is drawn from it.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    seed = int(rng.integers(2**32))
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
