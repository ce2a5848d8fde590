"""The kMaX-DeepLab head: calls in order, no formulas.

Letters: B images, Q queries, K classes, D and C channels, h w the stride
of an output, H W the mask grid (the final output's).
"""

from __future__ import annotations

import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.model import BaseModule
from torch import Tensor

from .norm import at_least_float32
from .predictions import LayerPrediction
from .resize import (
    is_odd,
    resize_like_kmax,
)
from .segments import BatchSegments
from .targets import MaskTargets


@MODELS.register_module()
class KMaXHead(BaseModule):
    """Pixel decoder, k-means transformer decoder, matching and losses.

    Slots hold the components; ReMaX fills `mask_loss`, `assigner` and the
    optional `semantic_head` with its own.

    Paper: kMaX-DeepLab Fig. 2 and Sec. 3; ReMaX Fig. 2.

    Args:
        num_things_classes: Thing classes, the first of the K.
        num_stuff_classes: Stuff classes.
        pixel_decoder: Config; see KMaXPixelDecoder.
        transformer_decoder: Config; see KMaXTransformerDecoder.
        auxiliary_semantic_head: Config of kMaX's own semantic branch
            (training only); see AuxiliarySemanticHead.
        assigner: Config of the matching and of the class targets.
        loss_cls: Config of the class loss.
        mask_loss: Config of the losses on masks (MaskLoss, ReMaskLoss).
        loss_insdis: Config of the pixel contrast.
        loss_aux_semantic: Config of the loss on the auxiliary branch.
        semantic_head: Config of ReMaX's semantic branch (training only).
        semantic_input: What it reads of each stage, the `key` or the raw
            `memory`; see LayerPrediction.
        share_matching: Match the final output and use the pairs for all
            outputs (published); else match each output by itself.
        train_cfg: Handed over by mmdet's MaskFormer; not used.
        test_cfg: Likewise; read by the fusion head.
        init_cfg: See mmengine.

    Raises:
        ValueError: `mask_loss` relaxes stages with predicted semantics
            but there is no `semantic_head`; `semantic_input` is unknown.
    """

    training_only = ('auxiliary_semantic_head', 'semantic_head')
    """Children that inference never calls."""

    def __init__(
        self,
        num_things_classes: int,
        num_stuff_classes: int,
        pixel_decoder: dict,
        transformer_decoder: dict,
        auxiliary_semantic_head: dict,
        assigner: dict,
        loss_cls: dict,
        mask_loss: dict,
        loss_insdis: dict,
        loss_aux_semantic: dict,
        semantic_head: dict | None = None,
        semantic_input: str = 'key',
        share_matching: bool = True,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_classes = num_things_classes + num_stuff_classes
        self.share_matching = share_matching

        self.pixel_decoder = MODELS.build(pixel_decoder)
        self.transformer_decoder = MODELS.build(
            dict(
                transformer_decoder,
                num_classes=self.num_classes,
                memory_channels=self.pixel_decoder.memory_channels,
                mask_feature_channels=self.pixel_decoder.mask_feature_channels,
            )
        )
        self.auxiliary_semantic_head = MODELS.build(
            dict(
                auxiliary_semantic_head,
                num_classes=self.num_classes,
                in_channels=self.pixel_decoder.in_channels,
            )
        )
        self.assigner = TASK_UTILS.build(assigner)
        self.loss_cls = MODELS.build(loss_cls)
        self.mask_loss = MODELS.build(mask_loss)
        self.loss_insdis = MODELS.build(loss_insdis)
        self.loss_aux_semantic = MODELS.build(loss_aux_semantic)
        if semantic_input not in self.transformer_decoder.stage_channels:
            raise ValueError(f'KMaXHead: {semantic_input=}.')
        self.semantic_input = semantic_input
        self.semantic_head = self._build_semantic_head(semantic_head)

    def _build_semantic_head(self, config: dict | None) -> BaseModule | None:
        """Give each relaxed stage its branch; the final output has none."""
        wanted = self.mask_loss.num_semantic_stages
        if config is None:
            if wanted:
                raise ValueError(
                    f'mask_loss relaxes {wanted} stages with a predicted '
                    'semantic map, but panoptic_head has no semantic_head: '
                    "add semantic_head=dict(type='SemanticAuxHead', ...), "
                    "or set mask_loss.num_stages=0 or source='ground_truth'."
                )
            return None
        decoder = self.transformer_decoder
        return MODELS.build(
            dict(
                config,
                num_classes=self.num_classes,
                in_channels=decoder.stage_channels[self.semantic_input],
                num_stages=min(wanted, decoder.num_outputs - 1),
            )
        )

    def forward(self, feats: tuple[Tensor, ...]) -> list[LayerPrediction]:
        """Run the network that inference needs.

        Args:
            feats: Backbone features, strides 4 to 32. (B, C, h, w) each.

        Returns:
            One prediction of each layer's input query, and the final one;
            each at its own stride.
        """
        memories, mask_feature = self.pixel_decoder(feats)
        return self.transformer_decoder(memories, mask_feature)

    def forward_train(
        self, feats: tuple[Tensor, ...]
    ) -> tuple[list[LayerPrediction], Tensor, list[Tensor]]:
        """Run the network and its training-only branches.

        Args:
            feats: Backbone features, strides 4 to 32. (B, C, h, w) each.

        Returns:
            Predictions as forward() gives them; logits of the auxiliary
            semantic branch; m_sem of each relaxed stage (none in kMaX).
        """
        predictions = self(feats)
        aux_semantic_logits = self.auxiliary_semantic_head(feats)
        semantic_logits = []
        if self.semantic_head is not None:
            semantic_logits = self.semantic_head(
                [getattr(p, self.semantic_input) for p in predictions[:-1]]
            )
        return predictions, aux_semantic_logits, semantic_logits

    def loss(
        self, feats: tuple[Tensor, ...], batch_data_samples: list
    ) -> dict[str, Tensor]:
        """Compute all losses; see loss_by_feat."""
        return self.loss_by_feat(
            *self.forward_train(feats), batch_data_samples
        )

    def loss_by_feat(
        self,
        predictions: list[LayerPrediction],
        aux_semantic_logits: Tensor,
        semantic_logits: list[Tensor],
        batch_data_samples: list,
    ) -> dict[str, Tensor]:
        """Match, build targets, and compute the losses in float32.

        Args:
            predictions: One for each layer, and the final one.
            aux_semantic_logits: (B, K or K + 1, H, W) or coarser.
            semantic_logits: m_sem of the relaxed stages. (B, K, h, w).
            batch_data_samples: Samples with `gt_segments` and
                `gt_segment_map`; see BatchSegments.

        Returns:
            Scalars. `loss_cls`, `loss_mask`, `loss_dice`, `loss_insdis` of
            the final output and, prefixed `d{i}.`, of layer i;
            `loss_aux_semantic`; `d{i}.loss_semantic`. Keys without the
            text "loss" are diagnostics.
        """
        final = predictions[-1]
        size = tuple(final.mask_logits.shape[-2:])
        segments = BatchSegments.from_data_samples(batch_data_samples, size)
        with torch.autocast(final.mask_logits.device.type, enabled=False):
            outputs = [_for_loss(output, size) for output in predictions]
            final = outputs[-1]
            targets = self._targets(final, segments)
            losses = self._output_loss(final, targets, None)
            for i, output in enumerate(outputs[:-1]):
                own = (
                    targets
                    if self.share_matching
                    else self._targets(output, segments)
                )
                semantic = (
                    at_least_float32(semantic_logits[i])
                    if i < len(semantic_logits)
                    else None
                )
                terms = self._output_loss(output, own, i, semantic)
                losses.update({f'd{i}.{k}': v for k, v in terms.items()})
            losses['loss_aux_semantic'] = self.loss_aux_semantic(
                at_least_float32(aux_semantic_logits), targets
            )
            if semantic_logits:
                losses.update(
                    self.semantic_head.loss(
                        [at_least_float32(m) for m in semantic_logits],
                        targets,
                    )
                )
        return losses

    def predict(
        self, feats: tuple[Tensor, ...], batch_data_samples: list | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return what the fusion head turns into segments.

        Args:
            feats: Backbone features, strides 4 to 32. (B, C, h, w) each.
            batch_data_samples: Not used; mmdet's MaskFormer hands it over.

        Returns:
            Class logits (B, Q, K + 1) and mask logits (B, Q, H, W) of the
            final output, at stride 4.
        """
        final = self(feats)[-1]
        return final.class_logits, final.mask_logits

    def _targets(
        self, output: LayerPrediction, segments: BatchSegments
    ) -> MaskTargets:
        return self.assigner.assign(
            output.class_logits, output.mask_logits, segments
        )

    def _output_loss(
        self,
        output: LayerPrediction,
        targets: MaskTargets,
        stage: int | None,
        semantic_logits: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Losses of one output. Scalars."""
        class_targets = self.assigner.class_targets(
            targets.labels,
            output.mask_logits,
            targets.semantic_map,
            self.num_classes,
            targets.semantic_share,
        )
        losses = self.mask_loss(
            output.mask_logits,
            output.class_logits,
            targets,
            stage,
            semantic_logits,
        )
        losses['loss_cls'] = self.loss_cls(
            output.class_logits, class_targets, targets
        )
        losses['loss_insdis'] = self.loss_insdis(output.pixel_feature, targets)
        return losses


def _for_loss(
    output: LayerPrediction, size: tuple[int, int]
) -> LayerPrediction:
    """Cast to float32 and resize the mask logits to the mask grid.

    Pixel features stay at their stride: the losses read them at the few
    cells they sample. Paper: kMaX-DeepLab, deep supervision.
    """
    mask_logits = at_least_float32(output.mask_logits)
    mask_logits = resize_like_kmax(mask_logits, size, is_odd(size[0]))
    return LayerPrediction(
        class_logits=at_least_float32(output.class_logits),
        mask_logits=mask_logits,
        pixel_feature=at_least_float32(output.pixel_feature),
    )
