"""Bytes that are alive, by hand."""

import torch
from torch import nn

from mmremax.engine.tensor_memory import TensorMemory

KB = 1024


def test_counts_storages_once_and_forgets_them():
    with TensorMemory() as memory:
        first = torch.zeros(KB, dtype=torch.float32)
        view = first.view(2, -1)[0]
        assert memory.live == 4 * KB
        second = first + 1
        assert memory.live == 8 * KB
        del second
        assert memory.live == 4 * KB
        del first
        assert memory.live == 4 * KB, 'the view keeps the storage'
        del view
        assert memory.live == 0
    assert memory.peak == 8 * KB


def test_starts_with_what_is_there():
    weight = torch.zeros(KB)
    with TensorMemory([weight, weight[:2]]) as memory:
        assert memory.live == 4 * KB
        half = weight.bfloat16()
    assert half.nbytes == 2 * KB
    assert memory.peak == 6 * KB


def test_training_keeps_what_the_backward_pass_needs():
    """Linear saves its input alone; tanh saves its output."""
    layer, values = nn.Linear(KB, KB, bias=False), torch.zeros(1, KB)
    lasting = [layer.weight, values]
    with TensorMemory(lasting) as memory:
        fixed = memory.live
        loss = layer(values).tanh().sum()
        # The output of the layer is freed; that of tanh and the sum stay.
        assert memory.live - fixed == 4 * KB + 4
        loss.backward()
        assert layer.weight.grad.nbytes == 4 * KB * KB
    assert memory.peak - fixed >= 4 * KB * KB


def test_inplace_and_custom_functions():
    with TensorMemory() as memory:
        values = torch.ones(KB)
        values.mul_(2).add_(1)
        assert memory.live == 4 * KB
        torch.utils.checkpoint.checkpoint(
            torch.sin, values, use_reentrant=False
        )
    assert memory.peak == 8 * KB
