"""Class fractions as the pipeline stores and as the losses read them.

Letters: N images, C classes, P classes present in an image, K classes kept
of a pixel, M stored classes of a pixel (C or K), h w pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmremax.utils.constants import IGNORE

KEY = 'gt_soft_seg'
_CODE = 255  # stands for fraction 1


def encode_dense(
    classes: np.ndarray, fractions: np.ndarray, num_classes: int
) -> np.ndarray:
    """Write a code of each class; a fraction errs by at most 1 / 510.

    Args:
        classes: Those present. (P,), int.
        fractions: In [0, 1], summing to at most 1. (P, h, w), float32.
        num_classes: C.

    Returns:
        round(255 q), channels last, so that crop and flip move them.
        (h, w, C), uint8.
    """
    dense = np.zeros((*fractions.shape[1:], num_classes), np.uint8)
    dense[..., classes] = _codes(fractions).transpose(1, 2, 0)
    return dense


def encode_topk(
    classes: np.ndarray, fractions: np.ndarray, topk: int
) -> np.ndarray:
    """Write the codes of the K largest fractions; the rest is ignored.

    Classes present have to be below 255; see encode_dense.

    Returns:
        K class ids, the largest fraction first and the lower id before the
        higher, 255 where unused; then their codes. (h, w, 2K), uint8.
    """
    size = fractions.shape[1:]
    kept = min(topk, len(classes))
    order = np.argsort(-fractions, axis=0, kind='stable')[:kept]
    largest = _codes(np.take_along_axis(fractions, order, axis=0))
    ids = np.full((topk, *size), IGNORE, np.uint8)
    weights = np.zeros((topk, *size), np.uint8)
    if kept:
        ids[:kept] = np.where(largest > 0, classes[order], IGNORE)
        weights[:kept] = largest
    return np.concatenate([ids, weights]).transpose(1, 2, 0).copy()


def _codes(fractions: np.ndarray) -> np.ndarray:
    return np.rint(fractions * _CODE).astype(np.uint8)


@dataclass
class SoftTarget:
    """Fractions q of classes in pixels; they sum to the valid mass v <= 1.

    What is missing to 1 is ignored: void pixels, padding, and classes that
    the compact storage dropped. No gradient.

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

        Fractions are padded right and below, without mass, to the size that
        the preprocessor gave the hard map.

        Returns:
            The batch on the device of the samples; None if no sample has
            the field `gt_soft_seg`.
        """
        fields = [sample.gt_soft_seg for sample in samples if KEY in sample]
        if not fields:
            return None
        if len(fields) < len(samples):
            raise ValueError(
                f'{len(samples) - len(fields)} of {len(samples)} samples '
                'have no gt_soft_seg: let every data set of a batch end in '
                'SoftLabelResize ... PackSoftSegInputs, or none.'
            )
        if len({tuple(sorted(field.keys())) for field in fields}) > 1:
            raise ValueError(
                'gt_soft_seg has the encodings uint8 and topk in one batch: '
                'use one of them in all data sets.'
            )
        size = samples[0].gt_sem_seg.shape[-2:]
        stacks = {
            key: torch.stack(
                [_padded(field.get(key), size) for field in fields]
            )
            for key in fields[0].keys()
        }
        if 'ids' in stacks:
            return cls(stacks['weights'].float() / _CODE, stacks['ids'].long())
        data = stacks['data']
        if data.shape[1] != num_classes:
            raise ValueError(
                f'gt_soft_seg has {data.shape[1]} channels, the head '
                f'{num_classes} classes: set num_classes of SoftLabelResize '
                'to that of the head.'
            )
        return cls(data.float() / _CODE)

    def valid_mass(self) -> Tensor:
        """v, in [0, 1]. (N, h, w), float32."""
        return self.fractions.sum(1)

    def pick(self, values: Tensor) -> Tensor:
        """Read a value per class, (N or 1, C, ...), at the stored classes.

        Returns:
            (N, M, h, w), or what broadcasts to it. Unused places hold
            the value of some class; their fraction is 0.
        """
        if self.classes is None:
            return values
        size = self.fractions.shape[2:]
        values = values.expand(len(self.classes), -1, *size)
        return values.gather(1, self.classes.clamp(max=values.shape[1] - 1))


def _padded(value: Tensor, size: Sequence[int]) -> Tensor:
    """Pad with zeros, right and below, to (M, *size)."""
    bottom, right = size[0] - value.shape[1], size[1] - value.shape[2]
    return F.pad(value, (0, right, 0, bottom))
