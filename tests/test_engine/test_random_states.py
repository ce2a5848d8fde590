import io
import random

import numpy as np
import torch

from mmremax.engine import (
    get_random_states,
    set_random_states,
)


def draw() -> list[float]:
    return [
        random.random(),
        random.gauss(0, 1),
        float(np.random.rand()),  # noqa: NPY002
        float(np.random.randn()),  # noqa: NPY002
        float(torch.rand(())),
    ]


def test_streams_continue_after_a_round_trip_through_a_file():
    """One draw first: a cached Gaussian is part of the state."""
    draw()
    file = io.BytesIO()
    torch.save(get_random_states(), file)
    expected = draw()
    file.seek(0)
    set_random_states(torch.load(file, weights_only=True))
    assert draw() == expected
