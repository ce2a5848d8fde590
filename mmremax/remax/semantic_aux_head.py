"""ReMaX's semantic branch, beside the panoptic one, in training only.

Letters: B images, C channels, K classes, h w the grid of a stage.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from mmremax.kmax.aspp import ASPP
from mmremax.kmax.initialisation import trunc_normal_small_
from mmremax.kmax.targets import MaskTargets


@MODELS.register_module()
class SemanticAuxHead(BaseModule):
    """One ASPP and one 1x1 convolution for each relaxed stage.

    Its input is the key of the stage's k-means cross-attention (or what
    `KMaXHead.semantic_input` names), at the stage's own stride; its output
    is m_sem of ReMaX Eq. 1. The loss on it sends gradient into the key and
    the trunk; the losses on the relaxed masks send none into it (see
    ReMaskLoss).

    Paper: ReMaX Sec. 3.1; docs/design.md, "Open points".

    Args:
        num_classes: K, without no_object. Filled in by KMaXHead.
        in_channels: Channels of the input, of all stages or by stage.
            Filled in by KMaXHead.
        num_stages: Relaxed stages. Filled in by KMaXHead from the mask
            loss, where the number stands.
        loss_semantic: Config of the loss on m_sem.
        with_void: Whether cells without a class are an output of their
            own, the last, for data where most cells are such (instances).
        channels: Channels inside the ASPP.
        rates: Dilations of the ASPP.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int | Sequence[int],
        num_stages: int,
        loss_semantic: dict,
        with_void: bool = False,
        channels: int = 256,
        rates: tuple[int, ...] = (6, 12, 18),
    ) -> None:
        super().__init__()
        if isinstance(in_channels, int):
            in_channels = [in_channels] * num_stages
        self.num_stages = num_stages
        self.with_void = with_void
        self.stages = ModuleList(
            nn.Sequential(
                ASPP(width, channels, rates=rates),
                _classifier(channels, num_classes + with_void),
            )
            for width in in_channels[:num_stages]
        )
        self.loss_semantic = MODELS.build(loss_semantic)

    def forward(self, inputs: list[Tensor]) -> list[Tensor]:
        """Predict the semantic logits of each relaxed stage.

        Args:
            inputs: Of the stages from the first on; more than
                `num_stages` may be given. (B, C, h, w) each.

        Returns:
            m_sem of each relaxed stage, logits, void last if it is an
            output. (B, K or K + 1, h, w) each.
        """
        return [
            stage(features)
            for stage, features in zip(self.stages, inputs, strict=False)
        ]

    def loss(
        self, semantic_logits: list[Tensor], targets: MaskTargets
    ) -> dict[str, Tensor]:
        """Compute L_sem of each relaxed stage.

        Args:
            semantic_logits: What forward() returned.
            targets: Class of each cell of the mask grid; K is void as an
                output.

        Returns:
            Scalars `d{i}.loss_semantic`.
        """
        return {
            f'd{i}.loss_semantic': self.loss_semantic.on_mask_grid(
                logits, targets
            )
            for i, logits in enumerate(semantic_logits)
        }


def _classifier(channels: int, num_classes: int) -> nn.Conv2d:
    """Last convolution, with kMaX's initial values for last ones."""
    conv = nn.Conv2d(channels, num_classes, 1)
    trunc_normal_small_(conv.weight)
    nn.init.zeros_(conv.bias)
    return conv
