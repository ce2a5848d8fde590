"""Ground truth of a batch as an index map, and sums over its segments.

Letters: B images, Q queries, K classes, G segments of one image,
H W the mask grid (stride 4), P = H * W.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from mmremax.utils.constants import IGNORE, VOID

from .class_fractions import class_fractions

_CHUNK_LOCATIONS = 1 << 15  # bounds the transient one-hot of sum_by_segment


@dataclass
class BatchSegments:
    """Segments of a batch, as one index per location.

    An index map replaces one binary mask per segment: it cannot hold
    overlaps, which panoptic ground truth does not have.

    Attributes:
        segment_map: Index into the image's segments, or VOID for locations
            that are unlabelled, crowd or padding. (B, H, W), int64.
        labels: Class of each segment, in [0, K). B tensors (G,), int64.
        pixel_classes: Class of each pixel of the input, IGNORE for void;
            None where the pipeline packs none. (B, h, w), uint8.
    """

    segment_map: Tensor
    labels: list[Tensor]
    pixel_classes: Tensor | None = None
    _fractions: Tensor | None = field(default=None, init=False, repr=False)

    @classmethod
    def from_data_samples(
        cls, data_samples: Sequence, size: tuple[int, int]
    ) -> BatchSegments:
        """Stack the samples' maps on one grid; what is missing is void.

        Args:
            data_samples: Samples with `gt_segments.labels` (G,) and
                `gt_segment_map.data` (1, h, w), h <= H and w <= W, and
                maybe `gt_sem_seg.sem_seg`, all or none.
            size: (H, W) of the mask grid.

        Raises:
            ValueError: A map is larger than the grid, or coarser: the label
                stride of the pipeline is not the mask stride of the model.
        """
        maps = []
        for sample in data_samples:
            segment_map = sample.gt_segment_map.data[0].long()
            height, width = segment_map.shape
            is_larger = height > size[0] or width > size[1]
            if is_larger or _is_coarser(sample, size):
                raise ValueError(
                    f'The label grid {tuple(segment_map.shape)} of '
                    f'{getattr(sample, "img_path", "a sample")} does not '
                    f'fit the mask grid {tuple(size)}: set label_stride of '
                    'PackPanopticInputs and FilterUnlabeledCrops to the '
                    'stride of the masks.'
                )
            maps.append(_padded(segment_map, size, VOID))
        labels = [sample.gt_segments.labels for sample in data_samples]
        return cls(torch.stack(maps), labels, _pixel_classes(data_samples))

    @property
    def max_segments(self) -> int:
        """Largest G of the batch, known without waiting for the device."""
        return max(len(labels) for labels in self.labels)

    def padded_labels(self) -> Tensor:
        """Labels padded with VOID to the largest G. (B, G), int64."""
        return pad_sequence(self.labels, batch_first=True, padding_value=VOID)

    def semantic_map(self) -> Tensor:
        """Class of each location, VOID where unlabelled. (B, H, W), int64."""
        return lookup(self.padded_labels(), self.segment_map, VOID)

    def class_fractions(self, num_classes: int) -> Tensor | None:
        """Fraction of each class in a location, built once for all outputs.

        (B, K, P), float32; None without `pixel_classes`.
        """
        if self.pixel_classes is None:
            return None
        if self._fractions is None:
            size = tuple(self.segment_map.shape[1:])
            fractions = class_fractions(self.pixel_classes, num_classes, size)
            self._fractions = fractions.flatten(2)
        return self._fractions


def _pixel_classes(data_samples: Sequence) -> Tensor | None:
    """Stack the samples' full-resolution maps; padding is void."""
    have = [hasattr(sample, 'gt_sem_seg') for sample in data_samples]
    if not any(have):
        return None
    if not all(have):
        raise ValueError(
            f'{have.count(False)} of {len(have)} samples have no gt_sem_seg: '
            "set semantic_target='soft' in PackPanopticInputs of every data "
            'set, or of none.'
        )
    maps = []
    for sample in data_samples:
        classes = sample.gt_sem_seg.sem_seg[0]
        size = getattr(sample, 'batch_input_shape', classes.shape)
        maps.append(_padded(classes, size, IGNORE))
    return torch.stack(maps)


def _padded(values: Tensor, size: tuple[int, int], fill: int) -> Tensor:
    """Pad a map right and below. (h, w) to (H, W)."""
    bottom, right = size[0] - values.shape[0], size[1] - values.shape[1]
    return F.pad(values, (0, right, 0, bottom), value=fill)


def _is_coarser(sample: object, size: tuple[int, int]) -> bool:
    """Tell whether a sample's labels have a larger stride than the masks.

    Without `img_shape` and `batch_input_shape` nothing can be told.
    """
    image = getattr(sample, 'img_shape', None)
    padded = getattr(sample, 'batch_input_shape', None)
    if image is None or padded is None:
        return False
    stride = round(padded[0] / size[0])
    return sample.gt_segment_map.data.shape[1] < -(-image[0] // stride)


def lookup(table: Tensor, index_map: Tensor, fill: float) -> Tensor:
    """Replace each index by its entry of the image's table.

    The table has one row of entries for each image, (B, G), and `fill` for
    indices of VOID. (B, ...), int64, to entries of the table's dtype.
    """
    padded = F.pad(table, (0, 1), value=fill)  # VOID = -1 reads the last
    flat = index_map.flatten(1).remainder(padded.shape[1])
    return padded.gather(1, flat).view_as(index_map)


def sum_by_segment(
    values: Tensor, index_map: Tensor, num_indices: int
) -> Tensor:
    """Add up values (B, Q, P) over the locations of each segment.

    A product with a one-hot matrix, in chunks of locations: faster than a
    scatter on the CPU and on the GPU, and deterministic. Indices are in
    [0, N) or VOID, (B, P); the last of the sums holds VOID. (B, Q, N + 1).
    """
    index = index_map.remainder(num_indices + 1)  # VOID goes last
    total = values.new_zeros(*values.shape[:2], num_indices + 1)
    step = max(1, _CHUNK_LOCATIONS // values.shape[0])
    for start in range(0, values.shape[2], step):
        part = slice(start, start + step)
        one_hot = F.one_hot(index[:, part], num_indices + 1)
        total = total + values[:, :, part] @ one_hot.to(values.dtype)
    return total


def sum_by_few_segments(
    values: Tensor, index_map: Tensor, num_indices: int
) -> Tensor:
    """As `sum_by_segment`, where few of many indices occur.

    On a CPU the one-hot matrix has those alone; a GPU would have to be
    waited for.
    """
    if values.device.type != 'cpu':
        return sum_by_segment(values, index_map, num_indices)
    index = index_map.remainder(num_indices + 1)  # VOID goes last
    occurs = index.flatten().bincount(minlength=num_indices + 1) > 0
    occurs[-1] = True
    few = (occurs.cumsum(0) - 1)[index]
    total = sum_by_segment(values, few, int(occurs.sum()) - 1)
    every = values.new_zeros(*values.shape[:2], num_indices + 1)
    return every.index_copy(2, occurs.nonzero().flatten(), total)


def count_by_segment(index_map: Tensor, num_indices: int) -> Tensor:
    """Count the locations of each index; VOID is last. (B, N + 1), int64."""
    index = index_map.flatten(1).remainder(num_indices + 1)
    counts = index.new_zeros(len(index), num_indices + 1)
    return counts.scatter_add_(1, index, torch.ones_like(index))
