"""ReMaX's semantic branch, beside the panoptic one, in training only.

Letters: B images, C channels, K classes, h w the grid of an output.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from mmremax.kmax.layers import conv1x1_logits
from mmremax.kmax.semantic_decoder import ASPP
from mmremax.kmax.targets import MaskTargets


@MODELS.register_module()
class SemanticAuxHead(BaseModule):
    """One ASPP and one 1x1 convolution for each input: m_sem of Eq. 1.

    In kMaX-DeepLab the inputs are the keys of the relaxed layers' k-means
    cross-attention (or what `KMaXHead.semantic_input` names), each at its
    own stride. The loss on m_sem sends gradient into them and the trunk;
    the losses on the relaxed masks send none (see ReMaskLoss). The head that
    has it fills in `num_classes` and `in_channels`, of each input.

    Paper: ReMaX Sec. 3.1; docs/design.md, "Open points".

    Args:
        loss_semantic: Config of the loss on m_sem.
        with_void: Whether locations without a class are an output of their
            own, the last, for data where most are such (instances).
        channels: Inside the ASPP.
        rates: Dilations of the ASPP.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        loss_semantic: dict,
        with_void: bool = False,
        channels: int = 256,
        rates: tuple[int, ...] = (6, 12, 18),
    ) -> None:
        super().__init__()
        self.with_void = with_void
        self.stages = ModuleList(
            nn.Sequential(
                ASPP(width, channels, rates=rates),
                conv1x1_logits(channels, num_classes + with_void),
            )
            for width in in_channels
        )
        self.loss_semantic = MODELS.build(loss_semantic)

    def forward(self, inputs: list[Tensor]) -> list[Tensor]:
        """Predict m_sem, logits, of each input; a void output is the last.

        (B, C, h, w) to (B, K or K + 1, h, w) each.
        """
        return [
            stage(features)
            for stage, features in zip(self.stages, inputs, strict=True)
        ]

    def loss(self, semantic_logits: Tensor, targets: MaskTargets) -> Tensor:
        """Compute L_sem of one m_sem; K is void as an output. Scalar."""
        return self.loss_semantic.on_mask_grid(semantic_logits, targets)
