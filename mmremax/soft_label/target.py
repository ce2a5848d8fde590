"""Class fractions of a batch, as the losses read them.

Letters: N images, C classes, M stored classes of a cell (C, or the K of a
compact storage), h w cells, f pixels of a cell's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmremax.utils.constants import IGNORE

from .encoding import CODE
from .kernels import (
    kernel_matrix,
)


@dataclass
class SoftTarget:
    """Fractions q of classes in cells; they sum to the valid mass v <= 1.

    What is missing to 1 is ignored: void pixels, padding, and classes that a
    compact storage dropped. No gradient.

    Attributes:
        fractions: In [0, 1]. (N, M, h, w), float32.
        classes: Class of each fraction, `C` or more where unused; None if
            channel c is class c. (N, M, h, w), int64.
    """

    fractions: Tensor
    classes: Tensor | None = None

    @classmethod
    def of_labels(cls, labels: Tensor, ignore_index: int) -> SoftTarget:
        """Write hard labels as fractions 0 and 1. labels: (N, h, w)."""
        valid = (labels != ignore_index)[:, None]
        return cls(valid.float(), labels.long()[:, None])

    @classmethod
    def of_samples(
        cls, samples: Sequence, num_classes: int
    ) -> SoftTarget | None:
        """Decode what PackSoftSegInputs packed.

        Args:
            samples: Samples with `gt_soft_seg`, or without.
            num_classes: C.

        Returns:
            The batch on the device of the samples; None if no sample has
            the field.

        Raises:
            ValueError: Only some samples have it, encodings or sizes
                differ, or channels are not classes.
        """
        have = ['gt_soft_seg' in sample for sample in samples]
        if not any(have):
            return None
        if not all(have):
            raise ValueError(
                f'{have.count(False)} of {len(have)} samples have no '
                'gt_soft_seg: let every data set of a batch end in '
                'SoftLabelResize ... PackSoftSegInputs, or none.'
            )
        fields = [sample.gt_soft_seg for sample in samples]
        kinds = {sample.metainfo['soft_seg_encoding'] for sample in samples}
        sizes = {tuple(field.shape) for field in fields}
        if len(kinds) > 1 or len(sizes) > 1:
            raise ValueError(
                f'gt_soft_seg has encodings {sorted(kinds)} and sizes '
                f'{sorted(sizes)} in one batch: use one encoding, and '
                'SoftSegDataPreProcessor, which pads to one size.'
            )
        kind = kinds.pop()
        if kind == 'topk':
            weights = torch.stack([field.weights for field in fields])
            ids = torch.stack([field.ids for field in fields])
            return cls(weights.float() / CODE, ids.long())
        data = torch.stack([field.data for field in fields])
        if kind == 'labels':
            return cls(count_labels(data, num_classes))
        if data.shape[1] != num_classes:
            raise ValueError(
                f'gt_soft_seg has {data.shape[1]} channels, the head '
                f'{num_classes} classes: set num_classes of SoftLabelResize '
                'to that of the head.'
            )
        return cls(data.float() / (CODE if kind == 'uint8' else 1))

    @property
    def size(self) -> tuple[int, int]:
        """(h, w)."""
        return tuple(self.fractions.shape[-2:])

    def valid_mass(self) -> Tensor:
        """v, in [0, 1]. (N, h, w), float32."""
        return self.fractions.sum(1)

    def pick(self, values: Tensor) -> Tensor:
        """Read a value per class at the stored classes.

        Args:
            values: (N, C, h, w) or (1, C, 1, 1).

        Returns:
            (N, M, h, w), or what broadcasts to it. Unused places hold
            the value of some class; their fraction is 0.
        """
        if self.classes is None:
            return values
        values = values.expand(len(self.classes), -1, *self.size)
        return values.gather(1, self.classes.clamp(max=values.shape[1] - 1))

    def dense(self, num_classes: int) -> Tensor:
        """Q with one channel per class. (N, C, h, w), float32."""
        if self.classes is None:
            return self.fractions
        shape = list(self.fractions.shape)
        shape[1] = num_classes + 1
        full = self.fractions.new_zeros(shape)
        index = self.classes.clamp(max=num_classes)
        return full.scatter_add_(1, index, self.fractions)[:, :-1]

    def pooled(self, size: tuple[int, int], num_classes: int) -> SoftTarget:
        """Average over larger cells with the area kernel."""
        q = self.dense(num_classes)
        rows, columns = (
            torch.from_numpy(kernel_matrix('area', old, new)).to(q)
            for old, new in zip(self.size, size, strict=True)
        )
        return SoftTarget(rows @ q @ columns.T)

    def majority(self, num_classes: int, ignore_index: int) -> Tensor:
        """Class of the largest fraction, the lowest of equals.

        Args:
            num_classes: C.
            ignore_index: Label of cells whose ignored mass is larger than
                every fraction.

        Returns:
            (N, h, w), int64.
        """
        largest, label = self.dense(num_classes).max(1)
        ignored = 1 - self.valid_mass()
        return label.masked_fill(ignored > largest, ignore_index)


def count_labels(labels: Tensor, num_classes: int) -> Tensor:
    """Count the classes of the pixels of each cell.

    Args:
        labels: Classes, or 255. The pixels of a cell are channels, in any
            order. (N, f * f, h, w), integer.
        num_classes: C.

    Returns:
        Fractions. (N, C, h, w), float32.
    """
    index = labels.long().masked_fill(labels == IGNORE, num_classes)
    counts = torch.zeros(
        len(labels), num_classes + 1, *labels.shape[2:], device=labels.device
    )
    one = counts.new_ones(1).expand(index.shape)
    counts.scatter_add_(1, index, one)
    return counts[:, :-1] / labels.shape[1]
