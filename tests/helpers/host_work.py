"""What a step does on the host, found without a device."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class HostWork(TorchDispatchMode):
    """Notes tensors on the CPU while a model runs on torch's `meta` device.

    To look at a number there (`item`, `bool`) is an error. Copies to the host
    hold zeros.

    Attributes:
        copies: Shape of each copy to the host.
        made: Names of our functions that made a tensor on the CPU; what a
            copy gives does not count.
    """

    def __init__(self) -> None:
        super().__init__()
        self.copies: list[tuple[int, ...]] = []
        self.made: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run the operator and note what it made."""
        result = func(*args, **(kwargs or {}))
        leaves = [x for x in tree_leaves(result) if isinstance(x, Tensor)]
        if any(leaf.device.type == 'cpu' for leaf in leaves):
            stack = traceback.extract_stack()
            ours = [f.name for f in stack if '/mmremax/' in f.filename]
            self.made.update(ours[-1:])
        return result

    @contextmanager
    def watching(self) -> Iterator[HostWork]:
        """Watch what runs inside."""

        def copy(tensor: Tensor) -> Tensor:
            self.copies.append(tuple(tensor.shape))
            with torch._C._DisableTorchDispatch():
                return torch.zeros(tensor.shape, dtype=tensor.dtype)

        with (
            mock.patch.object(Tensor, 'cpu', copy),
            mock.patch.object(torch, 'autocast', return_value=nullcontext()),
            self,
        ):
            yield self
