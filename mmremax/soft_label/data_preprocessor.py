"""mmseg's preprocessor, padding soft labels as well."""

from __future__ import annotations

from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from mmremax.utils.constants import IGNORE


@MODELS.register_module()
class SoftSegDataPreProcessor(SegDataPreProcessor):
    """Pads `gt_soft_seg` right and below to the batch, without mass.

    mmseg pads hard labels with 255, which would be fraction 1 of every
    class in a soft one: fractions are padded with 0, class ids and labels
    with 255.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch.

        Args:
            data: `inputs` and `data_samples`; see PackSoftSegInputs.
            training: Whether to pad images and labels to one size.

        Returns:
            Likewise, images padded and stacked.
        """
        data = super().forward(data, training)
        if not training:
            return data
        height, width = data['inputs'].shape[-2:]
        for sample in data['data_samples']:
            if 'gt_soft_seg' not in sample:
                continue
            stride = sample.metainfo['soft_seg_stride']
            size = (-(-height // stride), -(-width // stride))
            kind = sample.metainfo['soft_seg_encoding']
            field = sample.gt_soft_seg
            padded = {
                key: _padded(
                    value, size, IGNORE if _is_label(key, kind) else 0
                )
                for key, value in field.items()
            }
            sample.set_data(
                dict(
                    gt_soft_seg=type(field)(metainfo=field.metainfo, **padded)
                )
            )
        return data


def _is_label(key: str, kind: str) -> bool:
    return key == 'ids' or kind == 'labels'


def _padded(value: Tensor, size: tuple[int, int], fill: int) -> Tensor:
    """Pad (..., h, w) to (..., *size)."""
    bottom, right = (
        new - old for new, old in zip(size, value.shape[-2:], strict=True)
    )
    return F.pad(value, (0, right, 0, bottom), value=fill)
