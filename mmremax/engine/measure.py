"""Time of a step, and input to measure it on without data.

Letters: B images, Q queries, K classes, G segments of an image, h w the
grid of stride 4.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from time import perf_counter, process_time

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.structures import InstanceData, PixelData
from torch import Tensor, nn

from mmremax.utils.config_edits import remove_pretrained


class Stopwatch:
    """Seconds of the parts of a step; waits for the device at both ends.

    A part that runs inside another one is not counted in that.

    Attributes:
        spent: By name of the part, for each run of it its seconds on the
            clock and of the processor (of all threads).
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.spent: dict[str, list[np.ndarray]] = defaultdict(list)
        self._inner = np.zeros(2)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what runs inside."""
        record = self.spent[name]  # in the order of their starts
        outer, self._inner = self._inner, np.zeros(2)
        start = self._now()
        yield
        spent = self._now() - start
        record.append(spent - self._inner)
        self._inner = outer + spent

    def watch(self, owner: object, method: str, name: str) -> None:
        """Make a method of an object a part, from now on."""
        function = getattr(owner, method)

        @wraps(function)
        def timed(*args, **kwargs):
            with self.part(name):
                return function(*args, **kwargs)

        setattr(owner, method, timed)

    def _now(self) -> np.ndarray:
        if self.device.type == 'cuda':
            torch.cuda.synchronize(self.device)
        return np.array([perf_counter(), process_time()])


def build_with_optimizer(cfg: Config) -> tuple[nn.Module, OptimWrapper]:
    """Build a network with random weights on the CPU, and its optimizer."""
    remove_pretrained(cfg)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    logging.disable(logging.INFO)  # a line for each weight
    model.init_weights()
    logging.disable(logging.NOTSET)
    cfg.optim_wrapper.pop('accumulative_counts', None)
    return model, build_optim_wrapper(model, cfg.optim_wrapper)


def synthetic_batch(
    batch_size: int,
    shape: tuple[int, int],
    num_segments: int,
    num_classes: tuple[int, int],
    label_stride: int = 4,
    ori_shape: tuple[int, int] | None = None,
) -> dict:
    """Make noise images with segments, as the pipelines pack them.

    Args:
        batch_size: B.
        shape: (H, W) of the network's input in pixels.
        num_segments: G; half of them stuff, each stuff class at most once.
        num_classes: Of things and of stuff.
        label_stride: Of the label grid, in pixels.
        ori_shape: Makes test images, without ground truth: (height, width)
            before a resize that fills `shape` in one direction.
    """
    size = shape
    if ori_shape is not None:
        scale = min(shape[0] / ori_shape[0], shape[1] / ori_shape[1])
        size = tuple(int(side * scale) for side in ori_shape)
    inputs, data_samples = [], []
    for index in range(batch_size):
        generator = torch.Generator().manual_seed(index)
        noise = dict(dtype=torch.uint8, generator=generator)
        meta = dict(img_id=index, img_path=f'synthetic_{index}.jpg')
        shapes = dict(img_shape=size, ori_shape=ori_shape or size)
        sample = DetDataSample(metainfo=meta | shapes | {'sample_idx': index})
        if ori_shape is None:
            grid = tuple(-(-side // label_stride) for side in size)
            sample.gt_segments = InstanceData(
                labels=_labels(num_segments, num_classes, generator)
            )
            sample.gt_segment_map = PixelData(
                data=_segment_map(num_segments, grid, index)[None].short()
            )
        inputs.append(torch.randint(256, (3, *size), **noise))
        data_samples.append(sample)
    return dict(inputs=inputs, data_samples=data_samples)


def synthetic_logits(
    class_logits: Tensor,
    mask_logits: Tensor,
    num_segments: int,
    num_classes: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """Make a confident prediction of as many segments as there are queries.

    The merge of random weights' output would find nothing to merge.

    Args:
        class_logits: Gives the shape. (B, Q, K + 1).
        mask_logits: Gives the shape. (B, Q, h, w).
        num_segments: G; at most Q are made.
        num_classes: Of things and of stuff.
    """
    class_logits = torch.zeros_like(class_logits)
    mask_logits = torch.full_like(mask_logits, -5)
    count = min(num_segments, mask_logits.shape[1])
    class_logits[:, count:, -1] = 10  # no_object
    for index, masks in enumerate(mask_logits):
        generator = torch.Generator().manual_seed(index)
        labels = _labels(count, num_classes, generator)
        class_logits[index, range(count), labels] = 10
        nearest = _segment_map(count, tuple(masks.shape[1:]), index)
        masks.scatter_(0, nearest[None].to(masks.device), 5)
    return class_logits, mask_logits


def _segment_map(num_segments: int, size: tuple, seed: int) -> Tensor:
    """Index of the nearest of G random points. (h, w), int64."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(num_segments, 2, generator=generator)
    y = torch.linspace(0, 1, size[0])[:, None, None]
    x = torch.linspace(0, 1, size[1])[None, :, None]
    squares = (y - points[:, 0]) ** 2 + (x - points[:, 1]) ** 2
    return squares.argmin(-1)


def _labels(
    num_segments: int, num_classes: tuple, generator: torch.Generator
) -> Tensor:
    """Classes of the segments, things first. (G,), int64."""
    num_things, num_stuff = num_classes
    num_stuff_segments = min(num_segments // 2, num_stuff)
    things = torch.randint(
        num_things, (num_segments - num_stuff_segments,), generator=generator
    )
    stuff = torch.randperm(num_stuff, generator=generator)
    return torch.cat([things, num_things + stuff[:num_stuff_segments]])
