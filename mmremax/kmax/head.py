"""The kMaX-DeepLab head: calls in order, no formulas.

Letters: B images, Q queries, K classes, D and C channels, h w the stride
of an output, H W the mask grid (the final output's).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.model import BaseModule
from torch import Tensor

from .layers import aligns_corners, at_least_float32, resize_by_products
from .predictor import LayerPrediction
from .segments import BatchSegments
from .targets import MaskTargets


@MODELS.register_module()
class KMaXHead(BaseModule):
    """Pixel decoder, k-means transformer decoder, matching and losses.

    Slots hold the components; ReMaX fills `mask_loss`, `assigner` and the
    optional `semantic_head` with its own.

    Paper: kMaX-DeepLab Fig. 2 and Sec. 3; ReMaX Fig. 2.

    Args:
        num_things_classes: The first of the K classes.
        num_stuff_classes: Those after them.
        auxiliary_semantic_head: Config of kMaX's own semantic branch
            (training only); see KMaXSemanticDecoder.
        assigner: Config of the matching and of the class targets.
        mask_loss: Config of the losses on masks (MaskLoss, ReMaskLoss).
        loss_insdis: Config of the pixel contrast.
        num_relaxed: Leading outputs that `mask_loss` may relax, each with a
            branch of `semantic_head`; the final output never is one.
        semantic_head: Config of a semantic branch beside those outputs
            (training only); see SemanticAuxHead.
        semantic_input: What it reads of each output, the `key` or the raw
            `memory`; see LayerPrediction.
        share_matching: Match the final output and use the pairs for all
            outputs (published); else match each output by itself.

    Raises:
        ValueError: `semantic_input` is unknown, or there is a
            `semantic_head` without an output to stand beside.
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
        num_relaxed: int = 0,
        semantic_head: dict | None = None,
        semantic_input: str = 'key',
        share_matching: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_classes = num_things_classes + num_stuff_classes
        self.share_matching = share_matching

        self.pixel_decoder = MODELS.build(pixel_decoder)
        self.transformer_decoder = decoder = MODELS.build(
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

        self.num_queries = decoder.query_feat.shape[1]
        self.num_relaxed = min(num_relaxed, decoder.num_outputs - 1)
        if semantic_input not in decoder.layer_channels:
            raise ValueError(f'KMaXHead: {semantic_input=}.')
        self.semantic_input = semantic_input
        self.semantic_head = None
        if semantic_head is not None:
            if self.num_relaxed == 0:
                raise ValueError(
                    'KMaXHead has a semantic_head and num_relaxed=0: it would '
                    'train without the branch. Set num_relaxed (ReMaX: 4), or '
                    'semantic_head=None.'
                )
            channels = decoder.layer_channels[semantic_input]
            self.semantic_head = MODELS.build(
                dict(
                    semantic_head,
                    num_classes=self.num_classes,
                    in_channels=channels[: self.num_relaxed],
                )
            )

    def forward(self, feats: tuple[Tensor, ...]) -> list[LayerPrediction]:
        """Run the network that inference needs.

        Backbone features have strides 4 to 32, (B, C, h, w) each. Returns one
        prediction of each layer's input query, and the final one; each at its
        own stride.
        """
        memories, mask_feature = self.pixel_decoder(feats)
        return self.transformer_decoder(memories, mask_feature)

    def forward_train(
        self, feats: tuple[Tensor, ...]
    ) -> tuple[list[LayerPrediction], Tensor]:
        """Run the network and its training-only branches.

        Returns:
            Predictions as forward() gives them, the relaxed ones marked
            and with the logits of their semantic branch; logits of the
            auxiliary semantic decoder.
        """
        predictions = self(feats)
        aux_semantic_logits = self.auxiliary_semantic_head(feats)
        relaxed = predictions[: self.num_relaxed]
        for output in relaxed:
            output.is_relaxed = True
        if self.semantic_head is not None:
            inputs = [getattr(p, self.semantic_input) for p in relaxed]
            for output, logits in zip(
                relaxed, self.semantic_head(inputs), strict=True
            ):
                output.semantic_logits = logits
        return predictions, aux_semantic_logits

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
        batch_data_samples: list,
    ) -> dict[str, Tensor]:
        """Match, build targets, and compute the losses in float32.

        Args:
            predictions: One for each layer, and the final one.
            aux_semantic_logits: (B, K or K + 1, H, W) or coarser.
            batch_data_samples: Samples with `gt_segments` and
                `gt_segment_map`; see BatchSegments.

        Returns:
            Scalars. `loss_cls`, `loss_mask`, `loss_dice`, `loss_insdis` of
            the final output and, prefixed `d{i}.`, of layer i;
            `loss_aux_semantic`; `d{i}.loss_semantic`.
        """
        size = tuple(predictions[-1].mask_logits.shape[-2:])
        segments = BatchSegments.from_data_samples(batch_data_samples, size)
        with torch.autocast(aux_semantic_logits.device.type, enabled=False):
            *layers, final = [_for_loss(p, size) for p in predictions]
            targets = self.assigner.assign(final, segments)
            losses = self._output_loss(final, targets)
            for output in layers:
                own = (
                    targets
                    if self.share_matching
                    else self.assigner.assign(output, segments)
                )
                losses |= self._output_loss(output, own)
            losses['loss_aux_semantic'] = self.loss_aux_semantic(
                at_least_float32(aux_semantic_logits), targets
            )
            for output in layers:
                if output.semantic_logits is not None:
                    losses[f'{output.prefix}loss_semantic'] = (
                        self.semantic_head.loss(
                            output.semantic_logits, targets
                        )
                    )
        return losses

    def predict(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Return class logits (B, Q, K + 1) and mask logits (B, Q, H, W).

        Those of the final output, at stride 4; the fusion head makes segments.
        """
        final = self(feats)[-1]
        return final.class_logits, final.mask_logits

    def _output_loss(
        self, output: LayerPrediction, targets: MaskTargets
    ) -> dict[str, Tensor]:
        """Losses of one output, with its prefix. Scalars."""
        class_targets = self.assigner.class_targets(output, targets)
        losses = self.mask_loss(output, targets)
        losses['loss_cls'] = self.loss_cls(
            output.class_logits, class_targets, targets
        )
        losses['loss_insdis'] = self.loss_insdis(output.pixel_feature, targets)
        return {output.prefix + name: loss for name, loss in losses.items()}


def _for_loss(
    output: LayerPrediction, size: tuple[int, int]
) -> LayerPrediction:
    """Cast to float32 and resize the mask logits to the mask grid.

    Pixel features and semantic logits stay at their stride: the losses
    resize or sample them. Paper: kMaX-DeepLab, deep supervision.
    """
    mask_logits = at_least_float32(output.mask_logits)
    semantic_logits = output.semantic_logits
    return replace(
        output,
        class_logits=at_least_float32(output.class_logits),
        mask_logits=resize_by_products(
            mask_logits, size, aligns_corners(size[0])
        ),
        pixel_feature=at_least_float32(output.pixel_feature),
        semantic_logits=semantic_logits
        if semantic_logits is None
        else at_least_float32(semantic_logits),
    )
