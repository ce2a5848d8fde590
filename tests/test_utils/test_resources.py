import torch

from mmremax.utils.resources import (
    PeakMemory,
    matrix_product_rate,
)


def test_peak_sees_what_is_freed_inside():
    with PeakMemory(torch.device('cpu')) as memory:
        held = torch.ones(64, 2**20)  # 256 MiB
        del held
    assert memory.peak - memory.before > 200 * 2**20


def test_rate_is_positive():
    assert matrix_product_rate(torch.device('cpu'), size=64, trials=1) > 0
