"""ReMaX's relaxations in mmdet's Mask2Former head.

Letters: B images, C channels, L decoder layers, Q queries, G segments of an
image, K classes, H W the mask grid, h w another.
"""

from __future__ import annotations

import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.structures import InstanceData
from torch import Tensor

from mmremax.kmax.norm import at_least_float32
from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID
from mmremax.utils.mask_canvas import check_canvas

from .mask_segments import targets_of_masks
from .relaxation_step import (
    MatchedQueries,
    RelaxationStep,
)

SEMANTIC_INPUTS = ('key', 'stride_32', 'stride_8', 'mask_feature')


class ReMaXMask2FormerMixin:
    """Adds ReMask and ReClass to a Mask2Former head, in training.

    Stands before mmdet's ``Mask2FormerHead`` among the bases; acts inside
    `loss_by_feat`. Each output is matched un-relaxed; then the masks of its
    matched queries are relaxed (Eq. 1-2, on every cell), and the parent
    samples points from them. The class loss of every output gets the weights
    of Eq. 3-4. Cells without a class (void, unlabelled, padding) take part
    in neither.

    Paper: ReMaX, Sec. 3 and Appendix D; docs/mask2former.md.

    Args:
        remask: Config of ReMaskLoss without losses.
        reclass: Config of ReClassAssigner.
        semantic_head: Config of SemanticAuxHead; None if nothing is relaxed
            or `remask.source` is 'ground_truth'.
        semantic_input: Feature of the pixel decoder that the semantic head
            reads. 'key' is the memory that the layer of a relaxed output
            attends to, with a branch for each; 'stride_32', 'stride_8' and
            'mask_feature' (stride 4) have one branch for all.
        first_relaxed: Index of the first relaxed output of the L + 1;
            `remask.num_stages` of them follow one another. Output 0 stands
            before the first layer; it and the last never are relaxed.
        *args: Of the head.
        **kwargs: Likewise.

    Raises:
        ValueError: Slots do not fit together, or a key has a wrong value.
    """

    training_only = ('semantic_head',)
    """Children that inference never calls."""

    def __init__(
        self,
        *args: object,
        remask: dict,
        reclass: dict,
        semantic_head: dict | None = None,
        semantic_input: str = 'stride_8',
        first_relaxed: int = 1,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        if semantic_input not in SEMANTIC_INPUTS or first_relaxed < 1:
            raise ValueError(
                f'{semantic_input=} must be one of {SEMANTIC_INPUTS}, and '
                f'{first_relaxed=} at least 1.'
            )
        self.semantic_input = semantic_input
        self.remask = MODELS.build(remask)
        self.reclass = TASK_UTILS.build(reclass)
        if self.reclass.eta and self.loss_cls.use_sigmoid:
            raise ValueError('ReClass needs loss_cls.use_sigmoid=False.')
        self.relaxed = range(
            first_relaxed,
            min(
                first_relaxed + self.remask.num_stages,
                self.num_transformer_decoder_layers,
            ),
        )
        self.semantic_head = None
        self._features: tuple[Tensor, list[Tensor]] | None = None
        self._step: RelaxationStep | None = None
        if self.relaxed and self.remask.num_semantic_stages:
            if semantic_head is None:
                raise ValueError(
                    f'remask relaxes the outputs {list(self.relaxed)} with a '
                    'predicted semantic map: add semantic_head=dict(type='
                    "'SemanticAuxHead', ...), or set remask.num_stages=0."
                )
            self.semantic_head = self._build_semantic_head(semantic_head)
            self.pixel_decoder.register_forward_hook(self._keep_features)

    def _build_semantic_head(self, config: dict) -> torch.nn.Module:
        channels = self.query_feat.embedding_dim
        if self.semantic_input == 'mask_feature':
            channels = self.mask_embed[-1].out_features
        num_stages = len(self.relaxed) if self.semantic_input == 'key' else 1
        return MODELS.build(
            dict(
                config,
                num_classes=self.num_classes,
                in_channels=channels,
                num_stages=num_stages,
            )
        )

    def _keep_features(
        self, module: torch.nn.Module, inputs: tuple, output: tuple
    ) -> None:
        """Keep what the pixel decoder returns until the losses read it."""
        if self.training:
            self._features = output

    def _semantic_inputs(self) -> list[Tensor]:
        """Feature of each branch of the semantic head. (B, C, h, w)."""
        if self._features is None:
            raise RuntimeError(
                'loss_by_feat needs a forward pass in training mode before '
                'it: call train().'
            )
        mask_feature, memories = self._features
        self._features = None
        if self.semantic_input == 'mask_feature':
            return [mask_feature]
        if self.semantic_input == 'key':
            return [memories[(i - 1) % len(memories)] for i in self.relaxed]
        return [memories[0 if self.semantic_input == 'stride_32' else -1]]

    def loss_by_feat(
        self,
        all_cls_scores: list[Tensor],
        all_mask_preds: list[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> dict[str, Tensor]:
        """Compute the losses of all outputs.

        Args:
            all_cls_scores: Class logits of each output. (B, Q, K + 1).
            all_mask_preds: Mask logits, un-relaxed. (B, Q, H, W).
            batch_gt_instances: `labels` (G,) and `masks` (G, h, w) of each
                image, on the padded canvas.
            batch_img_metas: `img_shape` and `batch_input_shape` are read.

        Returns:
            Scalars. The parent's names; `d{i}.loss_semantic` of each
            relaxed output, or one `loss_semantic` where they share it; the
            diagnostics `d{i}.m_hat_matched` and `d{i}.m_hat_unmatched`.
        """
        targets = self._semantic_targets(
            all_mask_preds[0], batch_gt_instances, batch_img_metas
        )
        semantic_map = targets.semantic_map
        semantic_logits, of_output = [], []
        if self.semantic_head is not None:
            semantic_logits = [
                at_least_float32(logits)
                for logits in self.semantic_head(self._semantic_inputs())
            ]
            repeats = len(self.relaxed) // len(semantic_logits)
            of_output = zip(
                self.relaxed, semantic_logits * repeats, strict=True
            )
        self._step = step = RelaxationStep(
            self.remask,
            self.reclass,
            semantic_map.where(semantic_map < self.num_classes, VOID),
            {i: logits[:, : self.num_classes] for i, logits in of_output},
        )
        try:
            losses = super().loss_by_feat(
                all_cls_scores,
                all_mask_preds,
                batch_gt_instances,
                batch_img_metas,
            )
        finally:
            self._step = None
        losses.update(step.diagnostics)
        if semantic_logits:
            losses.update(self._semantic_loss(semantic_logits, targets))
        return losses

    def _semantic_targets(
        self,
        mask_logits: Tensor,
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> MaskTargets:
        """Build the class of each cell from the masks of both kinds."""
        for gt, meta in zip(batch_gt_instances, batch_img_metas, strict=True):
            check_canvas(gt.masks, meta)
        with_void = getattr(self.semantic_head, 'with_void', False)
        return targets_of_masks(
            [gt.labels for gt in batch_gt_instances],
            [gt.masks for gt in batch_gt_instances],
            tuple(mask_logits.shape[-2:]),
            [meta['img_shape'][:2] for meta in batch_img_metas],
            self.num_classes if with_void else None,
        )

    def _semantic_loss(
        self, semantic_logits: list[Tensor], targets: MaskTargets
    ) -> dict[str, Tensor]:
        """Compute L_sem of each branch, named after its output."""
        with torch.autocast(semantic_logits[0].device.type, enabled=False):
            terms = self.semantic_head.loss(semantic_logits, targets)
        if self.semantic_input != 'key':
            return dict(loss_semantic=terms['d0.loss_semantic'])
        return {
            f'd{i}.loss_semantic': term
            for i, term in zip(self.relaxed, terms.values(), strict=True)
        }

    def _loss_by_feat_single(
        self,
        cls_scores: Tensor,
        mask_preds: Tensor,
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Match, relax, and let the parent compute the losses.

        Arguments and result are the parent's, for one output.
        """
        arguments = (batch_gt_instances, batch_img_metas)
        step = self._step
        if step is None:
            return super()._loss_by_feat_single(
                cls_scores, mask_preds, *arguments
            )
        index, step.index = step.index, step.index + 1
        labels, label_weights, masks, mask_weights, count = self.get_targets(
            list(cls_scores), list(mask_preds), *arguments
        )
        all_labels = torch.stack(labels)
        queries = MatchedQueries.of(
            mask_preds,
            cls_scores,
            all_labels,
            torch.stack(mask_weights) > 0,
            max(map(len, masks)),
        )
        with torch.autocast(cls_scores.device.type, enabled=False):
            added_loss = self._added_class_loss(queries, all_labels)
            if index in self.relaxed:
                mask_preds = step.relaxed_masks(index, queries)
                mask_weights = list(queries.is_matched.to(mask_preds.dtype))
        step.targets = (labels, label_weights, masks, mask_weights, count)
        loss_cls, *mask_losses = super()._loss_by_feat_single(
            cls_scores, mask_preds, *arguments
        )
        return loss_cls + added_loss, *mask_losses

    def get_targets(self, *args: object, **kwargs: object) -> tuple:
        """Return the matching of the un-relaxed masks if there is one.

        Args:
            *args: Of the parent, whose result it is otherwise.
            **kwargs: Likewise.

        Returns:
            See the parent.
        """
        if self._step is None or self._step.targets is None:
            return super().get_targets(*args, **kwargs)
        targets, self._step.targets = self._step.targets, None
        return targets

    def _added_class_loss(
        self, queries: MatchedQueries, all_labels: Tensor
    ) -> Tensor:
        """Compute the class loss of what Eq. 4 adds; 0 with `eta=0`.

        The loss is linear in its target, and Eq. 4 leaves 1 on the label:
        what the parent's loss lacks is that of the other classes.

        Args:
            queries: Matched queries.
            all_labels: Of all queries, for the parent's average. (B, Q).
        """
        added = self._step.added_class_weights(queries)
        class_weight = added.new_tensor(self.class_weight)
        return self.loss_cls(
            queries.class_logits.flatten(0, 1),
            added.flatten(0, 1),
            avg_factor=class_weight[all_labels].sum(),
        )


@MODELS.register_module()
class ReMaXMask2FormerHead(ReMaXMask2FormerMixin, Mask2FormerHead):
    """mmdet's ``Mask2FormerHead`` with ReMaX's relaxations."""
