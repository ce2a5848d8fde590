"""ReMaX's relaxations in mmdet's Mask2Former head.

Letters: B images, C channels, L decoder layers, Q queries, G the largest
number of matched queries of an image, K classes, H W the mask grid, h w the
canvas of the ground truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmremax.kmax.layers import at_least_float32
from mmremax.kmax.targets import MaskTargets, one_hot_like
from mmremax.utils.constants import VOID
from mmremax.utils.point_losses import check_canvas

from .mask2former_targets import (
    MatchedQueries,
    MatchedTargets,
    targets_of_masks,
)

SEMANTIC_INPUTS = ('key', 'stride_32', 'stride_8', 'mask_feature')


class ReMaXMask2FormerMixin:
    """Adds ReMask and ReClass to a Mask2Former head, in training.

    Stands before mmdet's ``Mask2FormerHead`` among the bases. Each output
    is matched un-relaxed; then the masks of its matched queries are relaxed
    (Eq. 1-2, on every location) and points are sampled from them, and the
    class loss gets the targets of Eq. 3-4. Locations without a class (void,
    unlabelled, padding) take part in neither.

    `train_cfg.assigner` is a ReClassAssigner around mmdet's own.

    Paper: ReMaX, Sec. 3 and Appendix D; docs/mask2former.md.

    Args:
        mask_loss: Config of ReMaskLoss; the head fills in its own
            `loss_mask` and `loss_dice`, on sampled points.
        num_relaxed: Number of relaxed outputs, of the L + 1.
        first_relaxed: Index of the first of them. Output 0 stands before
            the first layer; it and the last never are relaxed.
        semantic_head: Config of SemanticAuxHead; None if nothing is relaxed
            or `mask_loss.source` is 'ground_truth'.
        semantic_input: Feature of the pixel decoder that the semantic head
            reads. 'key' is the memory that the layer of a relaxed output
            attends to, with a branch for each; 'stride_32', 'stride_8' and
            'mask_feature' (stride 4) have one branch for all.

    Raises:
        ValueError: Slots do not fit together, or a key has a wrong value.
    """

    training_only = ('semantic_head',)
    """Children that inference never calls."""

    def __init__(
        self,
        *args: object,
        mask_loss: dict,
        loss_mask: dict,
        loss_dice: dict,
        num_relaxed: int = 4,
        first_relaxed: int = 1,
        semantic_head: dict | None = None,
        semantic_input: str = 'stride_8',
        **kwargs: object,
    ) -> None:
        super().__init__(
            *args, loss_mask=loss_mask, loss_dice=loss_dice, **kwargs
        )
        if semantic_input not in SEMANTIC_INPUTS or first_relaxed < 1:
            raise ValueError(
                f'{semantic_input=} must be one of {SEMANTIC_INPUTS}, and '
                f'{first_relaxed=} at least 1.'
            )
        if not hasattr(self.assigner, 'class_targets'):
            raise ValueError(
                f'train_cfg.assigner is {type(self.assigner).__name__}: put '
                "it into dict(type='ReClassAssigner', base=...), with eta=0 "
                'for hard class targets.'
            )
        if self.loss_cls.use_sigmoid:
            raise ValueError('ReClass needs loss_cls.use_sigmoid=False.')
        self.mask_loss = MODELS.build(
            dict(
                mask_loss,
                losses=dict(
                    type='PointMaskLoss',
                    num_points=self.num_points,
                    oversample_ratio=self.oversample_ratio,
                    importance_sample_ratio=self.importance_sample_ratio,
                ),
                loss_mask=loss_mask,
                loss_dice=loss_dice,
            )
        )
        self.loss_mask = self.mask_loss.losses.loss_mask
        self.loss_dice = self.mask_loss.losses.loss_dice
        num_layers = self.num_transformer_decoder_layers
        stop = min(first_relaxed + num_relaxed, num_layers)
        self.relaxed = range(first_relaxed, stop)
        self.semantic_input = semantic_input
        self.semantic_head = None
        if semantic_head is not None:
            if not self.relaxed:
                raise ValueError(
                    f'{num_relaxed=} and {first_relaxed=} relax no output, '
                    'but there is a semantic_head: set semantic_head=None.'
                )
            channels = self.query_feat.embedding_dim
            if semantic_input == 'mask_feature':
                channels = self.mask_embed[-1].out_features
            num_inputs = len(self.relaxed) if semantic_input == 'key' else 1
            self.semantic_head = MODELS.build(
                dict(
                    semantic_head,
                    num_classes=self.num_classes,
                    in_channels=[channels] * num_inputs,
                )
            )

    def loss(self, x: list[Tensor], batch_data_samples: list) -> dict:
        """Run the head and compute the losses; see loss_by_feat."""
        with captured(self.pixel_decoder) as features:
            class_logits, mask_logits = self(x, batch_data_samples)
        batch_gt_instances = self.preprocess_gt(
            [sample.gt_instances for sample in batch_data_samples],
            [sample.get('gt_sem_seg') for sample in batch_data_samples],
        )
        return self.loss_by_feat(
            class_logits,
            mask_logits,
            batch_gt_instances,
            [sample.metainfo for sample in batch_data_samples],
            *features,
        )

    def loss_by_feat(
        self,
        all_cls_scores: list[Tensor],
        all_mask_preds: list[Tensor],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
        features: tuple[Tensor, list[Tensor]],
    ) -> dict[str, Tensor]:
        """Compute the losses of all outputs.

        Args:
            all_cls_scores: Class logits of each output. (B, Q, K + 1).
            all_mask_preds: Mask logits, un-relaxed. (B, Q, H, W).
            batch_gt_instances: `labels` (G,) and `masks` (G, h, w) of each
                image, on the padded canvas.
            batch_img_metas: `img_shape` and `batch_input_shape` are read.
            features: Mask feature and memories of the pixel decoder.

        Returns:
            Scalars. The parent's names; `d{i}.loss_semantic` of each
            relaxed output, or one `loss_semantic` where they share it.
        """
        for gt, meta in zip(batch_gt_instances, batch_img_metas, strict=True):
            check_canvas(gt.masks, meta)
        with_void = getattr(self.semantic_head, 'with_void', False)
        semantics = targets_of_masks(
            [gt.labels for gt in batch_gt_instances],
            [gt.masks for gt in batch_gt_instances],
            tuple(all_mask_preds[0].shape[-2:]),
            [meta['img_shape'][:2] for meta in batch_img_metas],
            self.num_classes if with_void else None,
        )
        semantic_logits = self._semantic_logits(*features)
        # One branch for each of them, or one for all; without void.
        m_sem = [logits[:, : self.num_classes] for logits in semantic_logits]
        of_output = dict(zip(self.relaxed, cycle(m_sem or [None])))
        last = len(all_cls_scores) - 1
        outputs = [
            self._output_loss(
                class_logits,
                mask_logits,
                batch_gt_instances,
                batch_img_metas,
                semantics,
                prefix='' if i == last else f'd{i}.',
                is_relaxed=i in of_output,
                semantic_logits=of_output.get(i),
            )
            for i, (class_logits, mask_logits) in enumerate(
                zip(all_cls_scores, all_mask_preds, strict=True)
            )
        ]
        losses = outputs.pop()  # the last output's come first, as mmdet's
        for terms in outputs:
            losses |= terms
        prefixes = ['']
        if self.semantic_input == 'key':
            prefixes = [f'd{i}.' for i in self.relaxed]
        for prefix, logits in zip(prefixes, semantic_logits, strict=False):
            with torch.autocast(logits.device.type, enabled=False):
                loss = self.semantic_head.loss(logits, semantics)
            losses[f'{prefix}loss_semantic'] = loss
        return losses

    def _output_loss(
        self,
        class_logits: Tensor,
        mask_logits: Tensor,
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
        semantics: MaskTargets,
        **output: object,
    ) -> dict[str, Tensor]:
        """Match one output, relax it, and compute its losses.

        `output` are its prefix and what else MatchedQueries wants to know.
        """
        labels, _, masks, is_matched, count = self.get_targets(
            list(class_logits),
            list(mask_logits),
            batch_gt_instances,
            batch_img_metas,
        )
        labels = torch.stack(labels)  # (B, Q), K if unmatched
        is_matched = torch.stack(is_matched) > 0
        num_rows = max(map(len, masks))
        queries = MatchedQueries.of(
            mask_logits, class_logits, labels, is_matched, num_rows, **output
        )
        with torch.autocast(class_logits.device.type, enabled=False):
            class_logits = at_least_float32(class_logits)
            num_masks = reduce_mean(class_logits.new_tensor([count]))
            semantic_map = semantics.semantic_map
            targets = MatchedTargets(
                labels=queries.labels,
                is_matched=queries.is_matched,
                masks=torch.cat(masks),
                num_masks=num_masks.clamp(min=1),
                semantic_map=semantic_map.where(
                    semantic_map < self.num_classes, VOID
                ),
                size=semantics.size,
            )
            softened = self.assigner.class_targets(queries, targets)
            class_targets = one_hot_like(labels, class_logits).scatter(
                1, queries.index[:, :, None].expand_as(softened), softened
            )
            class_weight = class_logits.new_tensor(self.class_weight)
            loss_cls = self.loss_cls(
                class_logits.flatten(0, 1),
                class_targets.flatten(0, 1),
                avg_factor=class_weight[labels].sum(),
            )
            losses = self.mask_loss(queries, targets)
        losses = dict(loss_cls=loss_cls, **losses)
        return {queries.prefix + key: loss for key, loss in losses.items()}

    def _semantic_logits(
        self, mask_feature: Tensor, memories: list[Tensor]
    ) -> list[Tensor]:
        """Return m_sem of each branch, if there is any. At least float32."""
        if self.semantic_head is None:
            return []
        inputs = dict(
            key=[memories[(i - 1) % len(memories)] for i in self.relaxed],
            stride_32=memories[:1],
            stride_8=memories[-1:],
            mask_feature=[mask_feature],
        )[self.semantic_input]
        return list(map(at_least_float32, self.semantic_head(inputs)))


@contextmanager
def captured(module: nn.Module) -> Iterator[list]:
    """Collect what a module returns while the context is open."""
    outputs = []
    handle = module.register_forward_hook(
        lambda module, args, output: outputs.append(output)
    )
    try:
        yield outputs
    finally:
        handle.remove()


@MODELS.register_module()
class ReMaXMask2FormerHead(ReMaXMask2FormerMixin, Mask2FormerHead):
    """mmdet's ``Mask2FormerHead`` with ReMaX's relaxations."""
