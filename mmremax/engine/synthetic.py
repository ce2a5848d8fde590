"""Batches and predictions for measurements where no data are at hand.

Letters: B images, Q queries, K classes, G segments of an image, h w the
grid of stride 4.
"""

from __future__ import annotations

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData
from torch import Tensor, nn


def locations(num_segments: int, size: tuple[int, int], seed: int) -> Tensor:
    """Divide a grid into the locations nearest to random points.

    Args:
        num_segments: G.
        size: (h, w).
        seed: Of the points.

    Returns:
        Index of the nearest point, in [0, G). (h, w), int64.
    """
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(num_segments, 2, generator=generator)
    y = torch.linspace(0, 1, size[0])[:, None, None]
    x = torch.linspace(0, 1, size[1])[None, :, None]
    squares = (y - points[:, 0]) ** 2 + (x - points[:, 1]) ** 2
    return squares.argmin(-1)


def drawn_batch(
    batch_size: int,
    shape: tuple[int, int],
    num_segments: int,
    num_classes: tuple[int, int],
    ori_shape: tuple[int, int],
    is_test: bool,
    label_stride: int = 4,
) -> dict:
    """Draw noise images with segments, as the pipelines pack them.

    Args:
        batch_size: B.
        shape: (H, W) of the network's input in pixels. Test images keep
            the aspect of `ori_shape` and fill it in one direction.
        num_segments: G; classes are drawn, each stuff class at most once.
        num_classes: Of things and of stuff.
        ori_shape: (height, width) before the resize.
        is_test: Whether there is no ground truth.
        label_stride: Of the label grid, in pixels.

    Returns:
        ``inputs`` and ``data_samples``.
    """
    if is_test:
        scale = min(shape[0] / ori_shape[0], shape[1] / ori_shape[1])
        size = tuple(int(side * scale) for side in ori_shape)
    else:
        size = shape
    inputs, data_samples = [], []
    for index in range(batch_size):
        generator = torch.Generator().manual_seed(index)
        inputs.append(
            torch.randint(
                256, (3, *size), dtype=torch.uint8, generator=generator
            )
        )
        sample = DetDataSample(
            metainfo=dict(
                img_id=index,
                img_path=f'drawn_{index}.jpg',
                img_shape=size,
                ori_shape=ori_shape if is_test else size,
                sample_idx=index,
            )
        )
        if not is_test:
            sample.gt_segments = InstanceData(
                labels=drawn_labels(num_segments, num_classes, generator)
            )
            grid = tuple(-(-side // label_stride) for side in size)
            sample.gt_segment_map = PixelData(
                data=locations(num_segments, grid, index)[None].short()
            )
        data_samples.append(sample)
    return dict(inputs=inputs, data_samples=data_samples)


def drawn_labels(
    num_segments: int,
    num_classes: tuple[int, int],
    generator: torch.Generator,
) -> Tensor:
    """Draw classes, things first; half of the segments are stuff. (G,)."""
    num_things, num_stuff = num_classes
    num_stuff_segments = min(num_segments // 2, num_stuff)
    things = torch.randint(
        num_things, (num_segments - num_stuff_segments,), generator=generator
    )
    stuff = torch.randperm(num_stuff, generator=generator)
    return torch.cat([things, num_things + stuff[:num_stuff_segments]])


class DrawnLogits:
    """Replaces a prediction by a confident one of drawn segments.

    The merge of random weights' output would find nothing to merge.

    Args:
        model: A detector; its head says the number of classes.
        num_segments: G; at most as many as queries.
    """

    def __init__(self, model: nn.Module, num_segments: int) -> None:
        head = model.panoptic_head
        self.num_classes = head.num_things_classes, head.num_stuff_classes
        self.num_segments = num_segments
        self.drawn: tuple[Tensor, Tensor] | None = None

    def __call__(
        self, class_logits: Tensor, mask_logits: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Draw logits of the same shapes, once.

        Args:
            class_logits: (B, Q, K + 1).
            mask_logits: (B, Q, h, w).

        Returns:
            The drawn ones.
        """
        if self.drawn is None:
            self.drawn = self._draw(class_logits, mask_logits)
        return self.drawn

    def _draw(
        self, class_logits: Tensor, mask_logits: Tensor
    ) -> tuple[Tensor, Tensor]:
        class_logits = torch.zeros_like(class_logits)
        mask_logits = torch.full_like(mask_logits, -5)
        count = min(self.num_segments, mask_logits.shape[1])
        class_logits[:, count:, -1] = 10  # no_object
        for index, masks in enumerate(mask_logits):
            generator = torch.Generator().manual_seed(index)
            labels = drawn_labels(count, self.num_classes, generator)
            class_logits[index, range(count), labels] = 10
            nearest = locations(count, tuple(masks.shape[1:]), index)
            masks.scatter_(0, nearest[None].to(masks.device), 5)
        return class_logits, mask_logits
