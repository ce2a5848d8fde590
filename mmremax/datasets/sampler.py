"""Samples and their randomness by position: whoever loads them, and when."""

import random
from collections.abc import Iterator, Sized
from contextlib import contextmanager

import numpy as np
from mmdet.registry import DATA_SAMPLERS
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler


class SampleKey(int):
    """Index of a sample that also says where in the run it is used.

    A data set that knows it seeds the augmentation from it; to every other
    one it is the plain index.

    Attributes:
        seed: Of the run.
        position: Number of samples, of all processes, before this one.
    """

    seed: int
    position: int

    def __new__(cls, index: int, seed: int, position: int) -> 'SampleKey':
        """Make an integer with two attributes."""
        key = super().__new__(cls, index)
        key.seed, key.position = seed, position
        return key

    def __getnewargs__(self) -> tuple[int, int, int]:
        """Keep the attributes on the way to a worker process."""
        return int(self), self.seed, self.position


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(Sampler):
    """Go through the data set endlessly, in a new order each time.

    The sample at a position, counted over all processes from the start of
    the run, depends on the seed and the position alone. So the run can
    start anywhere at no cost (:meth:`skip`), and neither the number of
    workers nor an interruption changes what comes next. With one process
    and with several the samples of an iteration are the same ones if the
    total batch is the same.

    Args:
        shuffle: Whether to permute the samples anew for each pass.
        seed: The same on all processes. None draws one and shares it; a
            run can then not be repeated.
    """

    def __init__(
        self, dataset: Sized, shuffle: bool = True, seed: int | None = None
    ) -> None:
        if len(dataset) == 0:
            raise ValueError(
                'The data set has no samples: check ann_file, filter_cfg '
                'and indices in its config.'
            )
        self.rank, self.world_size = get_dist_info()
        self.size = len(dataset)
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.start = 0

    def skip(self, num_samples: int) -> None:
        """Start the next iterator after so many samples of this process.

        After k iterations it is k * (batch size per process), counted from
        the start of the run, not from the current place. mmengine's
        continued family calls this when it resumes; nothing is loaded.
        """
        if num_samples < 0:
            raise ValueError(f'num_samples must be >= 0, not {num_samples}.')
        self.start = num_samples

    def __iter__(self) -> Iterator[SampleKey]:
        """Yield keys from the start position on."""
        position = self.start * self.world_size + self.rank
        current, order = -1, None
        while True:
            cycle, place = divmod(position, self.size)
            if cycle != current:
                current, order = cycle, self._order(cycle)
            yield SampleKey(int(order[place]), self.seed, position)
            position += self.world_size

    def __len__(self) -> int:
        """Give the length of the data set, as mmengine's sampler does."""
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: the position says it all."""

    def _order(self, cycle: int) -> np.ndarray:
        """Order of one pass through the data set."""
        if not self.shuffle:
            return np.arange(self.size)
        return np.random.default_rng((self.seed, cycle)).permutation(self.size)


def sample_rng(index: int) -> np.random.Generator:
    """Make the generator of a sample, by the position of a ``SampleKey``.

    Any other index (a data set used by hand, or in a wrapper that computes
    indices) draws from NumPy's global state, which mmengine seeds.
    """
    if isinstance(index, SampleKey):
        # The third number keeps it apart from the sampler's own draws.
        return np.random.default_rng((index.seed, index.position, 1))
    return np.random.default_rng(np.random.randint(2**31))  # noqa: NPY002


@contextmanager
def seeded_globals(rng: np.random.Generator) -> Iterator[None]:
    """Let transforms that use global generators follow the sample's.

    NumPy's and Python's global states, which transforms of mmdet and mmcv
    draw from, are set by a number of ``rng`` and restored afterwards.
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
