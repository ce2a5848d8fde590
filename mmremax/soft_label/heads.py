"""mmseg's heads that train on class fractions; see SoftLabelLossMixin."""

from mmseg.models import decode_heads
from mmseg.registry import MODELS

from .loss_mixin import SoftLabelLossMixin


@MODELS.register_module()
class SoftFCNHead(SoftLabelLossMixin, decode_heads.FCNHead):
    """FCNHead on soft labels; the auxiliary head of many models."""


@MODELS.register_module()
class SoftASPPHead(SoftLabelLossMixin, decode_heads.ASPPHead):
    """ASPPHead (DeepLabV3) on soft labels."""


@MODELS.register_module()
class SoftDepthwiseSeparableASPPHead(
    SoftLabelLossMixin, decode_heads.DepthwiseSeparableASPPHead
):
    """DepthwiseSeparableASPPHead (DeepLabV3+) on soft labels."""


@MODELS.register_module()
class SoftOCRHead(SoftLabelLossMixin, decode_heads.OCRHead):
    """OCRHead (OCRNet) on soft labels."""


@MODELS.register_module()
class SoftUPerHead(SoftLabelLossMixin, decode_heads.UPerHead):
    """UPerHead (UPerNet) on soft labels."""


@MODELS.register_module()
class SoftSegformerHead(SoftLabelLossMixin, decode_heads.SegformerHead):
    """SegformerHead (SegFormer) on soft labels."""
