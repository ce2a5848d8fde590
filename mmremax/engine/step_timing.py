"""A training step and an inference, taken apart and timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor, nn

Autocast = Callable[[], AbstractContextManager]
Logits = tuple[Tensor, Tensor]


class Stopwatch:
    """Seconds by part; waits for the device at both ends of each.

    Attributes:
        seconds: Of every run of a part, by its name.

    Args:
        device: The one to wait for.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds: dict[str, list[float]] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what runs inside.

        Args:
            name: Of the part.
        """
        start = self._now()
        yield
        self.seconds.setdefault(name, []).append(self._now() - start)

    def _now(self) -> float:
        if self.device.type == 'cuda':
            torch.cuda.synchronize(self.device)
        return time.perf_counter()


def train_step(
    model: nn.Module,
    next_batch: Callable[[], dict],
    optimizer: torch.optim.Optimizer,
    watch: Stopwatch,
    autocast: Autocast,
) -> int:
    """Run one training step.

    Args:
        model: A detector with a KMaXHead, in training mode.
        next_batch: Gives ``inputs`` and ``data_samples``.
        optimizer: Of the model.
        watch: Takes the parts data, forward, loss, backward, optimizer.
        autocast: Makes the context of forward and loss.

    Returns:
        The number of images.
    """
    head = model.panoptic_head
    with watch.part('data'):
        batch = next_batch()
    with watch.part('forward'), autocast():
        batch = model.data_preprocessor(batch, training=True)
        outputs = head.forward_train(model.extract_feat(batch['inputs']))
    with watch.part('loss'), autocast():
        losses = head.loss_by_feat(*outputs, batch['data_samples'])
        loss, _ = model.parse_losses(losses)
    with watch.part('backward'):
        loss.backward()
    with watch.part('optimizer'):
        optimizer.step()
        optimizer.zero_grad()
    return len(batch['inputs'])


@torch.no_grad()
def infer_step(
    model: nn.Module,
    next_batch: Callable[[], dict],
    edit: Callable[[Tensor, Tensor], Logits] | None,
    watch: Stopwatch,
    autocast: Autocast,
) -> int:
    """Run one inference.

    Args:
        model: A detector with a KMaXHead, in evaluation mode.
        next_batch: Gives ``inputs`` and ``data_samples``.
        edit: Replaces class and mask logits before the post-processing,
            untimed.
        watch: Takes the parts data, forward, post-processing.
        autocast: Makes the context of the forward pass.

    Returns:
        The number of images.
    """
    with watch.part('data'):
        batch = next_batch()
    with watch.part('forward'), autocast():
        batch = model.data_preprocessor(batch, training=False)
        features = model.extract_feat(batch['inputs'])
        logits = model.panoptic_head.predict(features)
    if edit is not None:
        logits = edit(*logits)
    with watch.part('post-processing'):
        model.panoptic_fusion_head.predict(
            *logits, batch['data_samples'], rescale=True
        )
    return len(batch['inputs'])
