"""Mask-piloted training of a Mask2Former head.

Letters: B images, C channels, L decoder layers, M mask-piloted slots, Q
matching queries, T = M + Q (slots first), A locations of a feature map.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmremax.utils.point_losses import check_canvas

from .loss import pilot_losses
from .pilots import (
    PilotSettings,
    PilotSlots,
    noisy_labels,
    noisy_masks,
    pilot_masks,
)


class MPFormerMixin:
    """Adds mask-piloted (MP) queries to a Mask2Former head, in training.

    Stands before mmdet's or mmseg's ``Mask2FormerHead`` among the bases.
    Each ground-truth segment gets a query that starts from its class and
    attends where its mask allows; its outputs are trained towards that
    segment without matching. Matching queries never see MP queries, and
    inference has none. Losses of the matching part go through
    `loss_by_feat`, those of the MP part do not.

    Paper: Zhang et al., MP-Former, CVPR 2023; docs/mp_former.md.

    Args:
        mp_cfg: Keys of ``PilotSettings``. None is the stock head.
        *args: Of the head.
        **kwargs: Of the head.
    """

    def __init__(
        self, *args: object, mp_cfg: dict | None = None, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        self.mp_cfg = None if mp_cfg is None else PilotSettings(**mp_cfg)
        if self.mp_cfg is None:
            return
        # After the head's constructor: mmseg's sets its classes at the end.
        self.label_embed = nn.Embedding(
            self.num_classes, self.query_feat.embedding_dim
        )
        if self.mp_cfg.query_pos == 'none':
            # Kept for the checkpoint; DDP wants no parameter without use.
            self.query_embed.requires_grad_(False)

    def loss(self, x: list[Tensor], batch_data_samples: list) -> dict:
        """Compute the losses of the head and those of ``pilot_losses``.

        Samples are mmdet's, with `gt_instances` and, for panoptic data,
        `gt_sem_seg`.

        Raises:
            ValueError: Masks are not padded with their image.
        """
        if self.mp_cfg is None:
            return super().loss(x, batch_data_samples)
        batch_gt_instances = self.preprocess_gt(
            [sample.gt_instances for sample in batch_data_samples],
            [sample.get('gt_sem_seg') for sample in batch_data_samples],
        )
        for gt, sample in zip(
            batch_gt_instances, batch_data_samples, strict=True
        ):
            check_canvas(gt.masks, sample.metainfo)
        return self.loss_with_pilots(x, batch_data_samples, batch_gt_instances)

    def loss_with_pilots(
        self,
        x: list[Tensor],
        batch_data_samples: list,
        batch_gt_instances: list[InstanceData],
        matching_loss: Callable[..., dict] | None = None,
    ) -> dict:
        """Run both parts of the decoder and merge their losses.

        Args:
            x: Features of the backbone.
            batch_data_samples: Samples, for their metainfo.
            batch_gt_instances: `labels` (G,) and `masks` (G, H, W) of each
                image, on the padded canvas.
            matching_loss: Losses of the matching part; None is the head's
                `loss_by_feat`.
        """
        matching_loss = matching_loss or self.loss_by_feat
        slots = PilotSlots.of(batch_gt_instances, self.mp_cfg.num_groups)
        num_slots = 0 if slots is None else slots.num_slots
        class_logits, mask_logits = self(x, batch_data_samples, slots)
        losses = matching_loss(
            [logits[:, num_slots:] for logits in class_logits],
            [logits[:, num_slots:] for logits in mask_logits],
            batch_gt_instances,
            [sample.metainfo for sample in batch_data_samples],
        )
        mp_losses = pilot_losses(
            self,
            [logits[:, :num_slots] for logits in class_logits],
            [logits[:, :num_slots] for logits in mask_logits],
            slots,
        )
        return {**losses, **mp_losses}

    def forward(
        self,
        x: list[Tensor],
        batch_data_samples: list,
        slots: PilotSlots | None = None,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Predict classes and masks before the decoder and after each layer.

        Without `slots` there are matching queries alone: M = 0.

        Returns:
            Tuple of L + 1 class logits, (B, T, K + 1) each, and L + 1 mask
            logits, (B, T, H, W) each.
        """
        if self.mp_cfg is None or (
            slots is None and self.mp_cfg.query_pos == 'zero'
        ):
            return super().forward(x, batch_data_samples)
        mask_feature, memories = self.pixel_decoder(x)
        keys, key_pos = self._keys(memories)
        sizes = [tuple(memory.shape[-2:]) for memory in memories]
        query, query_pos = self._queries(len(x[0]), slots)
        layers = self.transformer_decoder.layers
        self_attn_mask, pilots, num_pilot_layers = None, [], 0
        if slots is not None:
            self_attn_mask = slots.self_attention_mask(self.num_queries)
            if self.mp_cfg.padding == 'strict':
                self_attn_mask = slots.hide_padding(
                    self_attn_mask, self.num_heads
                )
            num_pilot_layers = self.mp_cfg.pilot_layers
            if num_pilot_layers == 'all':
                num_pilot_layers = len(layers)
            pilots = [
                slots.spread(pilot_masks(slots.masks, size), True)
                for size in sizes
            ]
        outputs = []
        for i, layer in enumerate(layers):
            level = i % len(sizes)
            *output, attn_mask = self._forward_head(
                query, mask_feature, sizes[level]
            )
            outputs.append(output)
            if i < num_pilot_layers:
                attn_mask = self._piloted(attn_mask, pilots[level])
            # A query that may attend nowhere attends everywhere.
            attn_mask = attn_mask & ~attn_mask.all(-1, keepdim=True)
            query = layer(
                query=query,
                key=keys[level],
                value=keys[level],
                query_pos=query_pos,
                key_pos=key_pos[level],
                cross_attn_mask=attn_mask,
                self_attn_mask=self_attn_mask,
            )
        *output, _ = self._forward_head(query, mask_feature, sizes[0])
        class_logits, mask_logits = zip(*outputs, output, strict=True)
        return list(class_logits), list(mask_logits)

    def _keys(
        self, memories: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Flatten the memories as the stock head does, coarse to fine.

        Returns keys, and their positions, (B, A, C) each.
        """
        keys, positions = [], []
        for memory, project, level in zip(
            memories,
            self.decoder_input_projs,
            self.level_embed.weight,
            strict=True,
        ):
            keys.append(project(memory).flatten(2).mT + level)
            nothing = memory.new_zeros(
                (len(memory), *memory.shape[-2:]), dtype=torch.bool
            )
            position = self.decoder_positional_encoding(nothing)
            positions.append(position.flatten(2).mT)
        return keys, positions

    def _queries(
        self, batch_size: int, slots: PilotSlots | None
    ) -> tuple[Tensor, Tensor | None]:
        """Make the queries, (B, T, C), and their positions or None."""
        query = self.query_feat.weight.expand(batch_size, -1, -1)
        position = None
        if self.mp_cfg.query_pos == 'zero':
            position = self.query_embed.weight.expand(batch_size, -1, -1)
        if slots is not None:
            labels = noisy_labels(
                slots.spread(slots.labels, 0),
                self.num_classes,
                self.mp_cfg.label_noise_ratio,
            )
            content = self.label_embed(labels)
            content = content.masked_fill(slots.is_padding.unsqueeze(-1), 0)
            query = torch.cat([content, query], dim=1)
            if position is not None:
                position = torch.cat(
                    [torch.zeros_like(content), position], dim=1
                )
        return query, position

    def _piloted(self, attn_mask: Tensor, pilot: Tensor) -> Tensor:
        """Put the noised pilot mask in the place of the predicted one.

        True is blocked: (B * heads, T, A) of all, (B, M, A) of pilots.
        """
        attn_mask = attn_mask.unflatten(0, (-1, self.num_heads))
        noisy = noisy_masks(pilot, self.mp_cfg.mask_noise_scale)
        attn_mask[:, :, : pilot.shape[1]] = noisy.unsqueeze(1)
        return attn_mask.flatten(0, 1)


@MODELS.register_module()
class MPFormerHead(MPFormerMixin, Mask2FormerHead):
    """mmdet's ``Mask2FormerHead`` with mask-piloted training."""
