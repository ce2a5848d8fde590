"""Networks without memory: shapes and counts at full size, in a second."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from unittest import mock

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn


@contextmanager
def on_meta() -> Iterator[None]:
    """Build and run on torch's `meta` device.

    Two things do not exist there: the numbers of a `linspace` (rates of
    mmpretrain's DropPath), and autocast.
    """
    linspace = partial(torch.linspace, device='cpu')
    with (
        mock.patch.object(torch, 'linspace', linspace),
        mock.patch.object(torch, 'autocast', return_value=nullcontext()),
        torch.device('meta'),
    ):
        yield


def build_on_meta(config: Config) -> nn.Module:
    """Build the model of a whole config, in evaluation mode."""
    init_default_scope('mmdet')
    with on_meta():
        model = MODELS.build(config.model)
    model.eval()
    return model.requires_grad_(False)
